"""litellm's proxy as a server to compare with: one worker, no database, quiet, a master key.

It needs some hundred packages (`litellm[proxy]`), which belong into an environment of their own: `--litellm COMMAND`
names its `litellm` there.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Final

from benchmarks.clients.routed import ACCOUNTS, ROUTE
from benchmarks.gateway.process import Running, free_port
from benchmarks.gateway.servers import Caller, Server

if TYPE_CHECKING:
    from pathlib import Path

_READY_WITHIN: Final = 120.0


def litellm_proxy(command: str, folder: Path, upstream: str, core: int | None) -> Server:
    """The proxy over three deployments of the same model, as many as the gateway has targets; not started yet."""
    port = free_port()
    key = f"sk-{secrets.token_hex(24)}"
    deployment = {"model": "openai/x", "api_base": upstream, "api_key": "none", "max_retries": 0}
    config = {
        "model_list": [{"model_name": ROUTE, "litellm_params": deployment} for _ in ACCOUNTS],
        "litellm_settings": {"num_retries": 0},
    }
    file = folder / "litellm.json"  # YAML reads JSON
    file.write_text(json.dumps(config), encoding="utf-8")
    environment = {"LITELLM_MASTER_KEY": key, "LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    running = Running(
        (command, "--config", str(file), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"),
        port,
        folder / "litellm.log",
        core=core,
        ready="/health/liveliness",
        within=_READY_WITHIN,
        cwd=folder,
        environment={**environment, "PYTHONPATH": ""},
    )
    return Server(running, Caller(ROUTE, {"Authorization": f"Bearer {key}"}))
