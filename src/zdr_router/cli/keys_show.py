"""`zdr keys list`, `show` and `contact`: which keys there are, what they may do, and who is behind a customer."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any, Final

import typer

from zdr_router.cli.exits import Fault
from zdr_router.cli.keys import KeyId, find, moment, opened
from zdr_router.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath
from zdr_router.cli.output import Output
from zdr_router.hosts.keys.key import Key
from zdr_router.hosts.keys.rows import policy_json
from zdr_router.hosts.keys.spending import periods
from zdr_router.hosts.keys.store import Contact, KeyStore

LIST_EXAMPLES: Final = """
\b
Examples:
  zdr keys list
  zdr keys list --tenant acme --all --json
"""
SHOW_EXAMPLES: Final = """
\b
Examples:
  zdr keys show 3v8k0q2m9x4z
"""
CONTACT_EXAMPLES: Final = """
\b
Examples:
  zdr keys contact c-1042 --name "Ada King" --email ada@example.com --company "Engines Ltd"
  zdr keys contact c-1042
  zdr keys contact c-1042 --erase
"""


def list_(
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    tenant: Annotated[str | None, typer.Option("--tenant", metavar="TENANT", help="Those of this tenant only.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that were revoked or have expired as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the keys: whose they are, what limits them, and when they were last used. No secret is in the store."""
    settings, now = opened(config)[1], time.time()

    async def work() -> tuple[Key, ...]:
        async with KeyStore(settings) as store:
            return (await store.changes()).keys

    keys = sorted(asyncio.run(work()), key=lambda key: key.created)
    shown = [
        key for key in keys if (everything or _state(key, now) == "good") and (tenant is None or key.tenant == tenant)
    ]
    output = Output(as_json=as_json)
    if as_json:
        output.json([_as_dict(key, now) for key in shown])
        return
    if shown:
        rows = [
            (
                key.id,
                key.name,
                key.tenant or "-",
                key.customer or "-",
                _limits(key) or "-",
                "-" if key.last_used is None else key.last_used.isoformat(),
                _state(key, now),
            )
            for key in shown
        ]
        output.table(("key", "name", "tenant", "customer", "limits", "last used", "state"), rows)
    hidden = len(keys) - len(shown)
    output.line(f"{len(shown)} keys" + (f"; {hidden} more are not shown" if hidden else ""))


def show(key: KeyId, *, config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Show a key: whose it is, what it may ask for, its limits, and what it spent today and this month."""
    settings, now = opened(config)[1], time.time()

    async def work() -> tuple[Key, dict[str, float]]:
        async with KeyStore(settings) as store:
            found = await find(store, key)
            spent = await store.spent(periods(now))
            return found, {period: usd for id_, period, usd in spent if id_ == key}

    found, sums = asyncio.run(work())
    day, month = (sums.get(period, 0.0) for period in periods(now))
    output = Output(as_json=as_json)
    if as_json:
        output.json({**_as_dict(found, now), "usd_today": day, "usd_this_month": month})
        return
    output.line(f"{found.id} ({found.name}): {_state(found, now)}", "bold")
    output.facts(
        (
            ("tenant", found.tenant or ""),
            ("customer", found.customer or ""),
            ("routes", ", ".join(sorted(found.routes)) if found.routes is not None else "all"),
            ("endpoints", ", ".join(sorted(found.endpoints)) if found.endpoints is not None else "all"),
            ("policy", "" if found.policy is None else policy_json(found.policy)),
            ("limits", _limits(found) or "none"),
            ("spent", f"{day:.4f} USD today, {month:.4f} USD this month"),
            ("created", moment(found.created)),
            ("expires", "" if found.expires is None else moment(found.expires)),
            ("revoked", "" if found.revoked is None else moment(found.revoked)),
            ("last used", "never" if found.last_used is None else found.last_used.isoformat()),
            ("rotated", f"the secret before holds until {moment(found.former_until)}" if _overlaps(found, now) else ""),
        )
    )


def contact(  # noqa: PLR0913 - what is kept of a contact
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's id, as keys name it.")],
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="Whom to write to.")] = None,
    email: Annotated[str | None, typer.Option("--email", metavar="ADDRESS", help="Where to.")] = None,
    company: Annotated[str | None, typer.Option("--company", metavar="TEXT", help="For whom they work.")] = None,
    erase: Annotated[bool, typer.Option("--erase", help="Forget all of it; keys and records stay.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show, set or erase who is behind a customer.

    That stands in a table of its own: neither keys nor records of requests hold more than the customer's id.
    """
    settings, given = opened(config)[1], (name, email, company)
    if erase and any(given):
        raise Fault("--erase and something to keep", fix="erase first, then set anew")

    async def work() -> tuple[Contact | None, bool]:
        async with KeyStore(settings) as store:
            if erase:
                return None, await store.erase_contact(customer)
            known = await store.contact(customer)
            if not any(given):
                return known, False
            kept = known or Contact(customer, None, None, None)
            kept = Contact(customer, name or kept.name, email or kept.email, company or kept.company)
            await store.keep_contact(kept)
            return kept, False

    found, erased = asyncio.run(work())
    output = Output(as_json=as_json)
    if as_json:
        output.json({"customer": customer, "erased": erased, "contact": None if found is None else found._asdict()})
    elif erase:
        output.line(f"nothing is kept of who is behind {customer}" + ("" if erased else ", nor was before"))
    elif found is None:
        output.line(f"nothing is kept of who is behind {customer}")
    else:
        output.facts((field, value or "") for field, value in found._asdict().items())


def _state(key: Key, now: float) -> str:
    if key.revoked is not None:
        return "revoked"
    return "expired" if key.expires is not None and key.expires <= now else "good"


def _overlaps(key: Key, now: float) -> bool:
    return key.former is not None and key.former_until > now


def _limits(key: Key) -> str:
    names = ("requests/min", "tokens/min", "at a time", "USD/day", "USD/month")
    return ", ".join(f"{value:.15g} {name}" for name, value in zip(names, key.limits, strict=True) if value is not None)


def _as_dict(key: Key, now: float) -> dict[str, Any]:
    return {
        "key": key.id,
        "name": key.name,
        "state": _state(key, now),
        "tenant": key.tenant,
        "customer": key.customer,
        "routes": None if key.routes is None else sorted(key.routes),
        "endpoints": None if key.endpoints is None else sorted(key.endpoints),
        "policy": None if key.policy is None else key.policy.model_dump(mode="json", exclude_none=True),
        "limits": key.limits._asdict(),
        "created": key.created,
        "expires": key.expires,
        "revoked": key.revoked,
        "former_until": key.former_until if _overlaps(key, now) else None,
        "last_used": key.last_used,
    }
