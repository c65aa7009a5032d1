"""`zdr grant`: states, in the operator's file, the agreement or setting that an account holds."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Final, get_args

import typer
from pydantic import ValidationError

from zdr_router.cli import files, yaml_edit
from zdr_router.cli.exits import Code, Fault
from zdr_router.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath, date
from zdr_router.cli.output import Output
from zdr_router.config import load
from zdr_router.conformance.grants import BY_ITSELF
from zdr_router.conformance.keeping import keeps_nothing
from zdr_router.deployment import Deployment
from zdr_router.errors import ConfigError
from zdr_router.policy.accounts import Account, Grant
from zdr_router.policy.grants import NAMED_SCOPES
from zdr_router.policy.secrets import how_to_give
from zdr_router.policy.target import authentication
from zdr_router.registry import Configuration
from zdr_router.registry.configuration import SIGNED_HEADERS
from zdr_router.registry.facts import ScopeKind

_KINDS: Final = get_args(ScopeKind)
_YEAR: Final = dt.timedelta(days=366)
_USUAL: Final = dt.timedelta(days=180)


EXAMPLES: Final = """
\b
Examples:
  zdr grant groq-prod -c zdr.yaml --stated-by "security team" --until 2027-02-01 --reference CHG-4812 --yes
"""


def grant(  # noqa: PLR0913 - the options of the command
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="An account of the operator's file.")],
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    stated_by: Annotated[
        str | None, typer.Option("--stated-by", metavar="NAME", help="Who stands behind the statement.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="From when it holds. Default: today, UTC.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="Its last day, UTC.")] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", metavar="TEXT", help="Where it is written: a contract, a ticket.")
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope", metavar="KEY=VALUE", help="What it holds for. Default: the account's own scope. May be repeated."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="State it without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """State the grant of an account, and write it into the operator's file.

    A configuration whose mechanism is a setting, an agreement or the way a server is run counts for nothing until
    somebody states that it holds for this account. The command shows what is being stated, asks for whatever no option
    gives, binds the statement to the account's key by a fingerprint (the key itself is never shown or written), and
    sets the account's `grant`. Everything else in the file stays as it is, comments too; an older grant is replaced.
    Where the file cannot be changed safely, the text to paste is printed instead, and the command exits with 65.
    """
    output = Output(as_json=as_json)
    deployment = load(config)
    held, configuration = _held(deployment, account, config)
    printed = _bound(account, deployment, configuration, config)
    if not as_json:
        _statement(output, account, held, configuration, printed)
    stated = _Statement(yes=yes)
    made = _grant(
        basis=configuration.mechanism.kind,
        stated_by=stated.ask(stated_by, "--stated-by", "stated by"),
        since=stated.day(since, "--since", "since", _today()),
        until=stated.day(until, "--until", "until, its last day", _today() + _USUAL if stated.interactive else None),
        reference=stated.ask(reference, "--reference", "reference (may be empty)", default=""),
        scope=_scope(scope, held, configuration, config),
        credential=printed,
    )
    warnings = _warnings(made, configuration)
    for warning in warnings:
        output.note(f"warning: {warning}", "bold yellow")
    stated.confirm(f"state this for account {account}?")
    _write(output, config, account, made)
    replaced = held.grant is not None
    if as_json:
        output.json(
            {"account": account, "file": str(config), "grant": made, "replaced": replaced, "warnings": warnings}
        )
    else:
        output.line(f"{'replaced' if replaced else 'wrote'} the grant of {account} in {config}", "bold green")


class _Statement:
    """Where answers come from: options, or the person at the terminal."""

    def __init__(self, *, yes: bool) -> None:
        self.interactive = sys.stdin.isatty() and not yes
        self._yes = yes

    def ask(self, given: str | None, option: str, words: str, default: str | None = None) -> str:
        if given is not None:
            if default is None and not given.strip():
                raise Fault(f"{option} is empty", fix="leave it out to be asked, or say it")
            return given
        if self.interactive:
            answer: str = typer.prompt(words, default=default, err=True, show_default=bool(default))
            return answer
        if default is None:
            raise Fault(f"{option} is missing", fix=f"give {option}, or run the command on a terminal")
        return default

    def day(self, given: str | None, option: str, words: str, default: dt.date | None) -> str:
        answer = self.ask(given, option, words, None if default is None else str(default))
        return str(date(answer, option))

    def confirm(self, words: str) -> None:
        if self._yes:
            return
        if not self.interactive:
            raise Fault("nobody is there to confirm the statement", fix="give --yes, or run the command on a terminal")
        if not typer.confirm(words, err=True):
            raise Fault("nothing was stated", code=Code.FAILED)


def _held(deployment: Deployment, account: str, config: Path) -> tuple[Account, Configuration]:
    held = deployment.accounts.get(account)
    if held is None:
        known = ", ".join(deployment.accounts) or "none"
        raise Fault("the file has no such account", where=str(config), fix=f"its accounts: {known}")
    configuration = deployment.registry.configurations[held.configuration]
    if configuration.mechanism.kind in BY_ITSELF:
        raise Fault(
            f"{configuration.id} needs no grant: its mechanism is {configuration.mechanism.kind}",
            where=str(config),
            fix=configuration.mechanism.how or "there is nothing to state",
        )
    return held, configuration


def _bound(account: str, deployment: Deployment, configuration: Configuration, config: Path) -> str | None:
    """The fingerprint of the account's credential; None where the server asks for none."""
    held, printed = deployment.accounts[account], deployment.fingerprints[account]
    auth = authentication(configuration, held)
    if printed is not None:
        return printed
    if held.secrets:
        fix = " and ".join(source.provide for source in held.secrets)
        what = f"the key of account {account} is not there, so the grant cannot be bound to it"
        raise Fault(what, where=str(config), fix=fix, code=Code.CONFIGURATION)
    if auth not in SIGNED_HEADERS and (auth == "none" or configuration.self_operated):
        return None
    fix = how_to_give(auth, configuration.credentials.env or "NAME")
    raise Fault(f"account {account} names no key", where=str(config), fix=fix, code=Code.CONFIGURATION)


def _statement(output: Output, account: str, held: Account, configuration: Configuration, printed: str | None) -> None:
    """What is being stated, before anything is asked."""
    mechanism, engine = configuration.mechanism, configuration.engine
    output.note(f"You state for account {account} that {configuration.id} holds: {configuration.title}.", "bold")
    facts = [
        ("mechanism", f"{mechanism.kind}, for one {mechanism.scope}"),
        ("how", mechanism.how or ""),
        ("scope", ", ".join(f"{kind} {name}" for kind, name in held.scope.items())),
    ]
    if engine is not None:
        facts += [
            ("engine", f"{engine.name} {engine.versions}, here {held.engine_version or 'any version in that range'}"),
            ("runs with", ", ".join(engine.required_flags)),
            ("runs without", ", ".join(engine.forbidden_flags)),
            ("out of callers' reach", ", ".join(engine.blocked_routes)),
        ]
    facts.append(("key", printed or "none"))
    if held.grant is not None:
        facts.append(("replaces", f"the grant by {held.grant.stated_by}, {held.grant.since} to {held.grant.until}"))
    for name, value in facts:
        if value:
            output.note(f"  {name}: {value}")


def _scope(given: Iterable[str] | None, held: Account, configuration: Configuration, config: Path) -> dict[str, str]:
    """What the grant names; it has to be what the account names, or the grant would not hold."""
    own: dict[str, str] = dict(held.scope.items())
    named = dict(own)
    if given:
        named = {}
        for pair in given:
            kind, equals, name = pair.partition("=")
            if not equals or not name or kind not in _KINDS:
                raise Fault("a --scope is not KEY=VALUE", fix=f"KEY is one of {', '.join(_KINDS)}")
            named[kind] = name
    wanted = configuration.mechanism.scope
    missing = [kind for kind, name in named.items() if own.get(kind) != name]
    if wanted in NAMED_SCOPES and wanted not in named:
        missing.append(wanted)
    if missing:
        example = ", ".join(f"{kind}: {named.get(kind, 'NAME')}" for kind in missing)
        raise Fault(
            f"the account does not name the {missing[0]} that the grant is for",
            where=str(config),
            fix=f"give the account `scope: {{{example}}}` first",
            code=Code.CONFIGURATION,
        )
    return named


def _grant(**fields: Any) -> dict[str, object]:  # noqa: ANN401 - the fields of a grant, checked by its model
    """The grant as it is written, without what is empty."""
    wanted = {name: value for name, value in fields.items() if value not in (None, "", {})}
    try:
        grant = Grant.model_validate(wanted)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        fault = Fault(f"the grant cannot be stated: {place + ': ' if place else ''}{first['msg']}", fix="correct it")
    else:
        if grant.until >= _today():
            return wanted
        fault = Fault("the grant would have lapsed already", fix="give a later --until")
    raise fault


def _warnings(made: dict[str, object], configuration: Configuration) -> list[str]:
    found = []
    since, until = (dt.date.fromisoformat(str(made[name])) for name in ("since", "until"))
    if until - max(since, _today()) > _YEAR:
        found.append(f"it holds until {until}, more than a year: who will remember to look at it again?")
    if not keeps_nothing(configuration):
        found.append(f"{configuration.id} keeps something by its own flags, so no grant will clear it (ZDR201)")
    return found


def _write(output: Output, config: Path, account: str, made: dict[str, object]) -> None:
    """Set the grant in the file, or print what to paste and say why it was not done."""
    try:
        old = files.read_text(config)
        new = yaml_edit.put(old, ("accounts", account), "grant", made)
        files.replace(config, old, new, _loads_with(account, made))
    except yaml_edit.Unsafe as error:
        fault = Fault(str(error), where=str(config), fix="set the text above yourself", code=Code.CONFIGURATION)
    except ConfigError as error:
        fault = Fault(
            error.problems[0].what, where=str(config), fix="set the text above yourself", code=Code.CONFIGURATION
        )
    else:
        return
    say = output.note if output.as_json else output.line
    for line in ("accounts:", f"  {account}:", "    grant:", *(f"      {each}" for each in yaml_edit.block(made))):
        say(line)
    raise fault


def _loads_with(account: str, made: dict[str, object]) -> Callable[[Path], None]:
    """A check that a new file loads as a whole, and holds the grant."""

    def check(path: Path) -> None:
        if load(path).accounts[account].grant != Grant.model_validate(made):
            raise yaml_edit.Unsafe("the file does not read back as it was written")

    return check


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
