"""`python -m zdr_router`: the `zdr` command, for where its script is not on the path."""

from __future__ import annotations

from zdr_router.cli import main

if __name__ == "__main__":
    main()
