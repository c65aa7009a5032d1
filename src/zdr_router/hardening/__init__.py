"""A process that leaves less behind: freed memory is overwritten, no core is dumped, and nobody sits in it who looks.

`zdr harden -- COMMAND` starts one. Each router that is opened in it sees to the part that only the process itself can
do, and refuses to open where any part does not hold.
"""

from zdr_router.hardening.process import harden, is_demanded

__all__ = ["harden", "is_demanded"]
