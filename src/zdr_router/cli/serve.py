"""`zdr serve`: the gateway."""

from __future__ import annotations

from functools import partial
from typing import Final

from zdr_router.cli.exits import Fault
from zdr_router.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath
from zdr_router.cli.server_log import log_to_stderr

EXAMPLES: Final = """
\b
Examples:
  zdr serve -c zdr.yaml
  curl -H "authorization: Bearer $KEY" http://127.0.0.1:8080/v1/models
"""


def serve(*, config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> int:
    """Serve OpenAI's API to whoever has a key.

    The section `gateway` of the file says where it listens. It asks for a key, unless the file says `keys: none`, which
    is for loopback only; and beyond loopback it speaks TLS. Before it serves anybody it asks itself what must be
    refused, and does not serve unless that is. At SIGTERM it is not ready any more, and ends when what is under way
    has ended. It logs to stderr, with --json one document for each line.

    Needs the extra `gateway`: pip install 'zdr-router[gateway]'.
    """
    try:
        from zdr_router.hosts.gateway.serving.workers import run  # noqa: PLC0415 - needs the extra `gateway`
    except ModuleNotFoundError as error:
        fault = Fault(f"the gateway needs {error.name}", fix="pip install 'zdr-router[gateway,store]'")
    else:
        return run(config, partial(log_to_stderr, as_json=as_json))
    raise fault
