"""`zdr trust`, `zdr revoke` and `zdr release`: what is not trusted any more, whoever else is running."""

from __future__ import annotations

import difflib
import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from zdr_router.cli.exits import Code, Fault
from zdr_router.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath
from zdr_router.cli.output import Output
from zdr_router.config import load
from zdr_router.deployment import Deployment
from zdr_router.policy.trust import KINDS, check_words, subjects
from zdr_router.state.trust_book import TrustBook, trust_book
from zdr_router.state.trust_changes import Said, fold, written

app = typer.Typer(
    name="trust",
    help="The trust state: make it, show what is revoked or contradicted, and every change.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

By = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who decides it. Default: the user who runs the command.")
]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, in one line; it is kept.")]
Subject = Annotated[
    str,
    typer.Argument(
        metavar="SUBJECT",
        help="provider:NAME, configuration:ID, account:NAME or target:ACCOUNT/MODEL; a name alone where it is clear.",
    ),
]

INIT_EXAMPLES: Final = """
\b
Examples:
  zdr trust init -c zdr.yaml
  zdr trust init -c zdr.yaml --again --why "restored from the backup of Monday"
"""
SHOW_EXAMPLES: Final = """
\b
Examples:
  zdr trust show -c zdr.yaml --changes
"""
REVOKE_EXAMPLES: Final = """
\b
Examples:
  zdr revoke provider:groq --why "INC-231: prompts found in a log"
  zdr revoke account:groq-prod --why "the key leaked" --by "security team"
"""
RELEASE_EXAMPLES: Final = """
\b
Examples:
  zdr release provider:groq --why "INC-231 closed: it was another product"
"""
_MISSING: Final = (
    "add `state: {trust: {file: trust.json}}` to it (or `redis: {url: …}` for a fleet), then: zdr trust init"
)
_NEAR: Final = 5


@app.command("init", epilog=INIT_EXAMPLES)
def init(
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    why: Annotated[
        str | None, typer.Option("--why", metavar="TEXT", help="The reason, in one line; needed with --again.")
    ] = None,
    by: By = None,
    again: Annotated[
        bool, typer.Option("--again", help="Declare the state to be right as it stands, or replace an unreadable one.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the trust state that the operator's file names.

    A router does not make it by itself: where it is missing somebody may have deleted it, and revocations with it.

    After a state was restored from a backup, or lost changes that a router had seen, routers clear nothing until
    --again declares it to be right. Look at it first (`zdr trust show`): what was revoked in between is not in it.
    """
    if again and why is None:
        raise Fault("--why is missing", fix="say why the state may be taken to be right")
    _, book = _opened(config, by)
    aside = book.init(_words(why or "a new trust state"), again=again)
    output = Output(as_json=as_json)
    if as_json:
        output.json({"state": "declared" if again else "made", "old": None if aside is None else str(aside)})
        return
    if aside is not None:
        output.note(f"warning: the old one could not be read, and nothing is revoked now; it is kept as {aside}")
    output.line("the trust state stands as it is" if again and aside is None else "made the trust state", "bold green")


@app.command("show", epilog=SHOW_EXAMPLES)
def show(
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    changes: Annotated[bool, typer.Option("--changes", help="Show every change that was ever made.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what is revoked or contradicted, since when, by whom and why."""
    output = Output(as_json=as_json)
    made = _opened(config, None)[1].changes()
    said = fold(made)
    if as_json:
        current = {name: [each.as_dict() for each in found.values()] for name, found in said._asdict().items()}
        output.json({"epoch": made[-1].epoch, **current, "changes": [each.as_dict() for each in made]})
        return
    shown = made if changes else (*said.revoked.values(), *said.contradicted.values())
    if shown:
        rows = [(written(each.at), each.kind, each.subject, each.by, each.why) for each in shown]
        output.table(("at", "change", "subject", "by", "why"), rows)
    if not changes:
        output.line(f"{len(said.revoked)} revoked, {len(said.contradicted)} contradicted, {len(made)} changes in all")


def revoke(
    subject: Subject, *, why: Why, config: ConfigPath = DEFAULT_CONFIG, by: By = None, as_json: AsJson = False
) -> None:
    """Take a provider, configuration, account or target out of use, at once and everywhere.

    Every router that reads the same trust state refuses it within a second; nothing has to be restarted.
    """
    deployment, book = _opened(config, by)
    name = _meant(subject, deployment, fold(book.changes()))
    book.revoke(name, _words(why))
    gone = [each for each, about in _targets(deployment) if name in about]
    output = Output(as_json=as_json)
    if as_json:
        output.json({"revoked": name, "targets": gone})
        return
    output.line(f"revoked {name}", "bold green")
    output.line(f"out of use: {', '.join(gone) or 'no target of the file'}")


def release(
    subject: Subject, *, why: Why, config: ConfigPath = DEFAULT_CONFIG, by: By = None, as_json: AsJson = False
) -> None:
    """Take back a revocation or a contradiction, and say what became possible again.

    It says nothing for the target but that nothing is said against it any more: policy and attestation decide the rest.
    """
    deployment, book = _opened(config, by)
    before = fold(book.changes())
    name = _meant(subject, deployment, before)
    if name not in before.revoked and name not in before.contradicted:
        against = ", ".join(sorted({*before.revoked, *before.contradicted})) or "nothing"
        raise Fault(f"nothing is said against {name}", where=str(config), fix=f"revoked or contradicted is: {against}")
    book.release(name, _words(why))
    after = fold(book.changes())
    again, held = [], {}
    for target, about in _targets(deployment):
        if name in about:
            others = sorted(about & {*after.revoked, *after.contradicted})
            if others:
                held[target] = others
            else:
                again.append(target)
    output = Output(as_json=as_json)
    if as_json:
        output.json({"released": name, "targets": again, "still_held": held})
        return
    output.line(f"released {name}", "bold green")
    output.line(f"possible again, if policy allows: {', '.join(again) or 'no target of the file'}")
    for target, others in held.items():
        output.line(f"still out of use: {target}, for {', '.join(others)}")


def _opened(config: Path, by: str | None) -> tuple[Deployment, TrustBook]:
    deployment = load(config)
    where = deployment.state.trust
    if where is None:
        what = "the file names no trust state, so each router keeps its own for as long as it runs"
        raise Fault(what, where=str(config), fix=_MISSING, code=Code.CONFIGURATION)
    return deployment, trust_book(where, _words(by or _user(), "--by"))


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"


def _words(text: str, option: str = "--why") -> str:
    try:
        check_words(text, option)
    except ValueError as error:
        fault = Fault(str(error), fix=f"give {option} in one line")
    else:
        return text
    raise fault


def _targets(deployment: Deployment) -> Iterator[tuple[str, set[str]]]:
    for target in deployment.targets:
        yield target.id, set(subjects(target))


def _meant(text: str, deployment: Deployment, said: Said) -> str:
    """The subject that is meant: one that registry, file or trust state knows."""
    known = {
        *(f"provider:{name}" for name in deployment.registry.providers),
        *(f"configuration:{name}" for name in deployment.registry.configurations),
        *(f"account:{name}" for name in deployment.accounts),
        *(f"target:{target.id}" for target in deployment.targets),
        *said.revoked,
        *said.contradicted,
    }
    kind, colon, name = text.partition(":")
    # A model may be asked for tomorrow that no route names today.
    if text in known or (kind == "target" and name.partition("/")[0] in deployment.accounts and name.partition("/")[2]):
        return text
    meant = [] if colon and kind in KINDS else sorted(each for each in known if each.partition(":")[2] == text)
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise Fault(f"{text} may be one of several", fix=f"say which: {', '.join(meant)}")
    names = {each.partition(":")[2]: each for each in sorted(known)}
    near = difflib.get_close_matches(text, sorted(known), _NEAR) or difflib.get_close_matches(text, names, _NEAR)
    fix = ", ".join(names.get(each, each) for each in near) or "zdr registry list shows what is declared"
    raise Fault(f"there is no {text}", fix=f"did you mean {fix}?" if near else fix)
