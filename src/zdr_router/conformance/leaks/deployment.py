"""The deployment that is tested where no other is given: one provider, the kit's own, and a route for each purpose.

It is written as the operator's file and a provider file, so that a command can read it as it reads any other.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import socket
from typing import TYPE_CHECKING, Any, Final

from zdr_router.registry.ladders import FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from zdr_router.conformance.leaks.provider.handle import Provider

KEY_VARIABLE: Final = "ZDR_LEAKS_KEY"
SALT_VARIABLE: Final = "ZDR_LEAKS_SALT"
KEY: Final = "zdr-leaks-made-up-key"
"""The key that is sent to the kit's provider; it is nobody's."""

ROUTES: Final[Mapping[str, str]] = {
    "usual": "leaks",
    "spare": "leaks-spare",
    "dead": "leaks-dead",
    "impatient": "leaks-impatient",
    "closed": "leaks-closed",
}
"""The names of the routes, by purpose."""

PATIENCE: Final = 1
"""Seconds that the impatient route waits."""

_NEVER: Final = 1_000_000


def write(folder: Path, provider: Provider, *, port: int = 0) -> Path:
    """Write both files; the path of the operator's. `port` is where `zdr serve` listens.

    Whatever can be told of a request is told of it, as far as it is installed: OpenTelemetry, and a store of records.
    """
    hosts = {"kit": provider.url, "spare": provider.spare_url, "dead": f"http://127.0.0.1:{_nobody()}/v1"}
    (folder / "leaks.yaml").write_text(json.dumps(_provider(hosts.values()), indent=1), encoding="utf-8")
    file = folder / "zdr.yaml"
    file.write_text(json.dumps(_operator(hosts, port), indent=1), encoding="utf-8")
    return file


def environ(provider: Provider, config: Path) -> dict[str, str]:
    """Variables that lead a subject to the kit's provider."""
    return {
        KEY_VARIABLE: KEY,
        SALT_VARIABLE: f"{KEY} and salt",
        "ZDR_LEAKS_CONFIG": str(config),
        "ZDR_LEAKS_UPSTREAM": provider.url,
        "OPENAI_BASE_URL": provider.url,
        "OPENAI_API_KEY": KEY,
    }


def _operator(hosts: Mapping[str, str], port: int) -> dict[str, Any]:
    def account(url: str, configuration: str = "leaks/zdr") -> dict[str, Any]:
        return {"configuration": configuration, "base_url": url, "api_key": {"env": KEY_VARIABLE}}

    def route(*accounts: str, timeout: int = 30) -> dict[str, Any]:
        return {"targets": [f"{name}/m" for name in accounts], "timeout": f"{timeout}s", "retries": 0}

    return {
        "registry": {"shipped": False, "providers": ["leaks.yaml"]},
        "policy": {"minimum_grade": "documented"},
        "accounts": {
            **{name: account(url) for name, url in hosts.items()},
            "keeping": account(hosts["kit"], "leaks/keeping"),
        },
        "routes": {
            ROUTES["usual"]: route("kit"),
            ROUTES["spare"]: route("kit", "spare"),
            ROUTES["dead"]: route("dead"),
            ROUTES["impatient"]: route("kit", timeout=PATIENCE),
            ROUTES["closed"]: route("keeping"),
        },
        # Failures are the purpose here, and the provider is needed all the same.
        "health": {"consecutive_failures": _NEVER, "minimum_throughput": _NEVER},
        "salt": {"env": SALT_VARIABLE},
        "telemetry": {"otel": _installed("opentelemetry")},
        **({"records": {"store": {"file": "records.db"}}} if _installed("sqlalchemy", "aiosqlite") else {}),
        **({"gateway": {"listen": f"127.0.0.1:{port}", "keys": "none", "drain": "2s"}} if port else {}),
    }


def _installed(*modules: str) -> bool:
    return all(importlib.util.find_spec(name) for name in modules)


def _provider(hosts: Iterable[str]) -> dict[str, Any]:
    today = dt.datetime.now(dt.UTC).date()
    seen = (today - dt.timedelta(1)).isoformat()
    evidence = {"kind": "policy_page", "locator": "none: it is a server of the kit", "observed": seen}
    zdr = {
        "id": "leaks/zdr",
        "title": "A server of the leak kit",
        "mechanism": {"kind": "default", "fail_mode": "closed"},
        "hosts": list(hosts),
        "credentials": {"auth": "bearer"},
        "endpoints": ["chat.completions", "embeddings"],
        "regions": [],
        "flags": dict.fromkeys(FLAGS, "no"),
        "cache": {"medium": "none"},
        "models": [{"pattern": ".", "features": ["stream", "tools", "json", "images"]}],
        "attestation": {
            "observed": seen,
            "expires": (today + dt.timedelta(30)).isoformat(),
            "evidence": [{**evidence, "confidence": "high"}],
        },
    }
    keeping = {**zdr, "id": "leaks/keeping", "title": "One that keeps what it is sent"}
    return {
        "schema": 1,
        "provider": {"id": "leaks", "name": "The kit's provider", "legal_entity": "Nobody", "country": "unknown"},
        "configurations": [zdr, {**keeping, "flags": dict.fromkeys(FLAGS, "yes")}],
    }


def _nobody() -> int:
    """A port at which nobody listens, as far as one can know."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port
