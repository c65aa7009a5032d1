"""`zdr statement`: what the active policy lets an operator tell its customers about retention."""

from __future__ import annotations

import time
from typing import Annotated, Final

import typer

from zdr_router.cli.exits import Code, Fault
from zdr_router.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath, Now, date
from zdr_router.cli.output import Output
from zdr_router.conformance.statement.facts import Gathered, gather
from zdr_router.conformance.statement.page import document, markdown
from zdr_router.conformance.subject import Subject
from zdr_router.policy.calendar import start_of

EXAMPLES: Final = """
\b
Examples:
  zdr statement -c zdr.yaml > privacy.md
  zdr statement -c zdr.yaml --tenant acme --json
"""


def statement(
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    tenant: Annotated[
        str | None,
        typer.Option("--tenant", metavar="TENANT", help="For one tenant: its policy, and the accounts it may reach."),
    ] = None,
    now: Now = None,
    as_json: AsJson = False,
) -> int:
    """Write what the policy in force supports, for customers: which services see content, and what each keeps.

    For each configuration in use: provider, legal entity, country and regions; what is kept and for how long, under
    which exceptions and in which caches; further parties and lists of sub-processors; the basis with its grade and
    date; and what the library itself records. It names no account and no file, and says what is documented, claimed
    or stated by you as just that. Markdown, or with --json every sentence with its facts.

    Exits with 3, and writes nothing, when a route has a target that may serve nobody, or when a fact was loosened by
    an overlay: then the sentence about zero retention would not be true. Every reason is listed.
    """
    output, day = Output(as_json=as_json), date(now, "--now")
    subject = Subject.of_operator(config, now=time.time() if day is None else start_of(day))
    operator = subject.operator
    if operator is None or (tenant is not None and tenant not in operator.deployment.policies):
        raise Fault("the file has no such tenant", where=str(config), fix="name one of its `tenants`")
    gathered = gather(subject, operator, tenant)
    if gathered.refusals or gathered.loosened or not gathered.services:
        _refuse(output, gathered)
        return Code.REFUSED
    if gathered.unseen:
        what = "credential is" if gathered.unseen == 1 else "credentials are"
        output.note(f"{gathered.unseen} {what} not here, so what the grants are bound to was not compared")
    if as_json:
        output.json(document(gathered))
    else:
        output.text(markdown(gathered).removesuffix("\n"))
    return Code.DONE


def _refuse(output: Output, gathered: Gathered) -> None:
    fix = "mend or remove what is listed: a route must not name a target that may serve nobody"
    output.error("no statement about zero retention can be made", "", fix)
    output.refusals(gathered.refusals, to_stderr=True)
    for name in gathered.loosened:
        output.note(f"  {name}: an overlay loosens what is declared of it (unsafe_loosen)")
    if not gathered.services:
        output.note("  no target may serve anybody")
