"""`python -m zdr_router.cli`: the same as `python -m zdr_router`."""

from __future__ import annotations

from zdr_router.cli import main

if __name__ == "__main__":
    main()
