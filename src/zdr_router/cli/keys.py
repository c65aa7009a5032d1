"""`zdr keys add`, `rotate` and `revoke`: the keys that callers of a host present."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import TypeAdapter, ValidationError

from zdr_router.cli.exits import Code, Fault
from zdr_router.cli.keys_given import Given, Out, Print
from zdr_router.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath, date
from zdr_router.cli.output import Output
from zdr_router.config import load
from zdr_router.deployment import Deployment
from zdr_router.hosts.keys.key import ENDPOINTS, Key, Limits
from zdr_router.hosts.keys.making import make_key, rotate_key
from zdr_router.hosts.keys.store import KeyStore
from zdr_router.key_settings import KeySettings
from zdr_router.policy.calendar import start_of
from zdr_router.policy.policy import Policy
from zdr_router.registry.base import Duration, Identifier

app = typer.Typer(
    name="keys",
    help="API keys of the callers of a host: make them, show them, take them back. Needs the extra `store`.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

KeyId = Annotated[str, typer.Argument(metavar="KEY", help="The id of the key, as `zdr keys list` shows it.")]

ADD_EXAMPLES: Final = """
\b
Examples:
  zdr keys add "backend of acme" --tenant acme --customer c-1042 --out acme.key
  zdr keys add nightly --route assistant --endpoint chat.completions --requests-per-minute 600 --usd-per-day 20
  zdr keys add eu-only --policy '{"regions": ["eu"]}' --expires 2027-05-31 --print | vault kv put secret/eu key=-
"""
ROTATE_EXAMPLES: Final = """
\b
Examples:
  zdr keys rotate 3v8k0q2m9x4z --overlap 7d --out acme.key
"""
REVOKE_EXAMPLES: Final = """
\b
Examples:
  zdr keys revoke 3v8k0q2m9x4z
"""
_MISSING: Final = "add `keys: {store: {file: keys.db}, pepper: {env: ZDR_KEYS_PEPPER}}` to it"
_DURATION: Final[TypeAdapter[float]] = TypeAdapter(Duration)
_IDENTIFIER: Final[TypeAdapter[str]] = TypeAdapter(Identifier)
_NAME: Final = 128


@app.command("add", epilog=ADD_EXAMPLES)
def add(  # noqa: PLR0913 - all that a key may say
    name: Annotated[str, typer.Argument(metavar="NAME", help="What you call it, in one line.")],
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    tenant: Annotated[
        str | None, typer.Option("--tenant", metavar="TENANT", help="Whose requests they are: one of the file's.")
    ] = None,
    customer: Annotated[
        str | None,
        typer.Option("--customer", metavar="ID", help="The id by which records name the customer."),
    ] = None,
    route: Annotated[
        list[str] | None, typer.Option("--route", metavar="ROUTE", help="May ask for this route only. May be repeated.")
    ] = None,
    endpoint: Annotated[
        list[str] | None,
        typer.Option(
            "--endpoint", metavar="ENDPOINT", help=f"May use this one only: {', '.join(ENDPOINTS)}. May be repeated."
        ),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option("--policy", metavar="JSON", help="What it demands besides: a policy, which can only tighten."),
    ] = None,
    requests_per_minute: Annotated[
        int | None, typer.Option("--requests-per-minute", metavar="N", min=1, help="Requests a minute.")
    ] = None,
    tokens_per_minute: Annotated[
        int | None, typer.Option("--tokens-per-minute", metavar="N", min=1, help="Tokens a minute, in and out.")
    ] = None,
    concurrent: Annotated[
        int | None, typer.Option("--concurrent", metavar="N", min=1, help="Requests under way at a time.")
    ] = None,
    usd_per_day: Annotated[
        float | None, typer.Option("--usd-per-day", metavar="USD", min=0, help="What it may spend in a day (UTC).")
    ] = None,
    usd_per_month: Annotated[
        float | None, typer.Option("--usd-per-month", metavar="USD", min=0, help="What it may spend in a month (UTC).")
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="DATE", help="The day on which it is not good any more, UTC.")
    ] = None,
    out: Out = None,
    print_: Print = False,
    as_json: AsJson = False,
) -> None:
    """Make a key. It is shown once, or written to a file; what is kept is a hash, from which nobody makes it again."""
    deployment, settings = opened(config)
    _known("tenant", [tenant] if tenant else [], {each for each in deployment.policies if each})
    _known("route", route or [], deployment.routes)
    _known("endpoint", endpoint or [], ENDPOINTS)
    ends = date(expires, "--expires")
    if ends is not None and start_of(ends) <= time.time():
        raise Fault("--expires is a day that has begun", fix="give a later one")
    given = Given(out, as_json=as_json, printed=print_)
    key, text = make_key(
        _line(name),
        settings.pepper,
        created=time.time(),
        tenant=tenant,
        customer=None if customer is None else _identifier(customer),
        routes=frozenset(route) if route else None,
        endpoints=frozenset(endpoint) if endpoint else None,
        policy=_policy(policy),
        limits=Limits(requests_per_minute, tokens_per_minute, concurrent, usd_per_day, usd_per_month),
        expires=None if ends is None else start_of(ends),
    )

    async def keep() -> None:
        async with KeyStore(settings) as store:
            await store.add(key)

    with given.holding(text):
        asyncio.run(keep())
    if key.limits.capped and (unpriced := _without_price(deployment, route)):
        what = "warning: what these answer is not counted against the cap, since they have no price in the registry: "
        Output(as_json=as_json).note(what + ", ".join(unpriced))
    given.tell(text, f"made the key {key.id} ({key.name})", {"key": key.id, "name": key.name})


@app.command("rotate", epilog=ROTATE_EXAMPLES)
def rotate(  # noqa: PLR0913 - where the key goes is three of them
    key: KeyId,
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    overlap: Annotated[
        str,
        typer.Option("--overlap", metavar="DURATION", help="How long its present secret still holds."),
    ] = "24h",
    out: Out = None,
    print_: Print = False,
    as_json: AsJson = False,
) -> None:
    """Give a key another secret. Both hold during the overlap, so that its holder can change over in peace."""
    settings, until = opened(config)[1], time.time() + _seconds(overlap)
    given = Given(out, as_json=as_json, printed=print_)
    known = asyncio.run(_find(settings, key))
    if known.revoked is not None or (known.expires is not None and known.expires <= time.time()):
        raise Fault(f"the key {key} is not good any more", fix="make another one: zdr keys add")
    rotated, text = rotate_key(known, settings.pepper, until=until)

    async def keep() -> None:
        async with KeyStore(settings) as store:
            await store.change(key, hash=rotated.hash, former=rotated.former, former_until=rotated.former_until)

    with given.holding(text):
        asyncio.run(keep())
    given.tell(
        text,
        f"the key {key} has another secret; the one before holds until {moment(until)}",
        {"key": key, "until": until},
    )


@app.command("revoke", epilog=REVOKE_EXAMPLES)
def revoke(key: KeyId, *, config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Take a key back. Every host that reads the same store refuses it within a second; that cannot be undone."""
    settings = opened(config)[1]

    async def work() -> float:
        known = await _find(settings, key)
        at = known.revoked or time.time()
        if known.revoked is None:
            async with KeyStore(settings) as store:
                await store.change(key, revoked=at)
        return at

    at = asyncio.run(work())
    output = Output(as_json=as_json)
    if as_json:
        output.json({"revoked": key, "at": at})
        return
    output.line(f"revoked {key}, as of {moment(at)}", "bold green")


def opened(config: Path) -> tuple[Deployment, KeySettings]:
    """The operator's file, and where its keys are kept."""
    deployment = load(config)
    if deployment.keys is None:
        raise Fault("the file names no place for keys", where=str(config), fix=_MISSING, code=Code.CONFIGURATION)
    return deployment, deployment.keys


async def find(store: KeyStore, key: str) -> Key:
    """The key with this id."""
    for each in (await store.changes()).keys:
        if each.id == key:
            return each
    # What was given is not shown: somebody may have given the key itself.
    raise Fault("there is no key with this id", where=store.name, fix="zdr keys list --all shows them")


def moment(instant: float) -> str:
    """An instant for people, in UTC."""
    return f"{dt.datetime.fromtimestamp(instant, dt.UTC):%Y-%m-%d %H:%M} UTC"


async def _find(settings: KeySettings, key: str) -> Key:
    async with KeyStore(settings) as store:
        return await find(store, key)


def _without_price(deployment: Deployment, routes: Collection[str] | None) -> list[str]:
    """The targets of these routes, or of all, whose price is not known."""
    targets = {
        target.id: target
        for name, route in deployment.routes.items()
        if not routes or name in routes
        for target in route.targets
    }
    return sorted(name for name, each in targets.items() if each.declared is None or each.declared.price is None)


def _seconds(text: str) -> float:
    try:
        return _DURATION.validate_python(text)
    except ValidationError:
        fault = Fault("--overlap is no duration", fix="write it with a unit: 0s, 30m, 24h, 7d")
    raise fault


def _known(what: str, given: Collection[str], known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            raise Fault(f"there is no {what} {name}", fix=f"one of: {', '.join(sorted(known)) or 'the file has none'}")


def _line(name: str) -> str:
    if not name.strip() or not name.isprintable() or len(name) > _NAME:
        raise Fault("the name is not one line of text", fix=f"give 1 to {_NAME} characters")
    return name


def _identifier(text: str) -> str:
    try:
        return _IDENTIFIER.validate_python(text)
    except ValidationError:
        fault = Fault("--customer is no identifier", fix="letters, digits, `.`, `_` and `-`, as in c-1042")
    raise fault


def _policy(text: str | None) -> Policy | None:
    if text is None:
        return None
    try:
        return Policy.model_validate(json.loads(text))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        fault = Fault(f"--policy is no policy: {place}: {first['msg']}", fix="see docs/policy.md for what it can say")
    except ValueError:
        fault = Fault("--policy is not JSON", fix="""write it like --policy '{"cache": "none"}'""")
    raise fault
