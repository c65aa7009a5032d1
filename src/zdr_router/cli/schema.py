"""`zdr registry schema`: JSON Schema of the files that people write, for their editors."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from zdr_router.cli.options import AsJson
from zdr_router.cli.output import Output
from zdr_router.conformance.json_schema import schema as made

EXAMPLES: Final = """
\b
Examples:
  zdr registry schema operator > zdr.schema.json
  and as the first line of zdr.yaml, for editors with the YAML language server:
  # yaml-language-server: $schema=zdr.schema.json
"""


class FileKind(StrEnum):
    """Which file people write."""

    PROVIDER = "provider"
    OPERATOR = "operator"


def schema(
    kind: Annotated[FileKind, typer.Argument(metavar="KIND", help="provider: a provider file. operator: zdr.yaml.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Print the JSON Schema (2020-12) of a kind of file, so that an editor completes and checks it.

    What the schema rejects, zdr rejects. zdr rejects more: dates in the wrong order, hosts that do not do, and what
    depends on other files; `zdr check` tells.
    """
    output = Output(as_json=as_json)
    output.json(made(kind.value))
