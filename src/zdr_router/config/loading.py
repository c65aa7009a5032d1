"""Reads the operator's file (`zdr.yaml`) and everything that it names."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from zdr_router.config import sections
from zdr_router.config.assembling import assemble
from zdr_router.config.gateway import gateway
from zdr_router.config.keys import keys
from zdr_router.config.records import records
from zdr_router.entries import ConfigFile
from zdr_router.registry.strict_yaml import read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.deployment import Deployment


def load(path: Path | str, environ: Mapping[str, str] | None = None) -> Deployment:
    """Read the operator's file and everything that it names. Raises `ConfigError` with file and line."""
    document = read(Path(path))
    file = document.validate(ConfigFile)
    known = os.environ if environ is None else environ
    where = sections.Where(document, known, Path(path).parent)
    deployment = assemble(
        registry=sections.registry(file.registry, where),
        policy=file.policy,
        accounts=file.accounts,
        tenants=file.tenants,
        routes=file.routes,
        transport=sections.transport(file.transport, where),
        health=file.health,
        state=sections.state(file.state, where),
        otel=file.telemetry.otel,
        salt=sections.salt(file.salt, where),
        document=document,
        environ=known,
        base=where.base,
    )
    return replace(
        deployment,
        receipts=None if file.receipts is None else sections.receipts(file.receipts, where),
        records=None if file.records is None else records(file.records, deployment.salt, where),
        keys=None if file.keys is None else keys(file.keys, where),
        serve=gateway(file.gateway, where, has_keys=file.keys is not None),
    )
