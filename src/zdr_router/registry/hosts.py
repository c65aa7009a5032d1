"""Where content may be sent: base URLs, and the patterns of base URLs that a configuration attests."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

_HOST: Final = re.compile(r"([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.?")
_VISIBLE: Final = re.compile(r"[!-~]+")
_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_STAND_IN: Final = "x"
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_SEGMENT: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_.:-]*[A-Za-z0-9_])?"
REGION: Final = "region"
"""The placeholder whose value says where content is processed."""


def is_loopback(host: str | None) -> bool:
    """Whether `host` is this machine's own address, by its form alone (no name is looked up)."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def in_the_clear(url: str) -> bool:
    """Whether what is sent to a base URL, or to an attested host, leaves this machine without TLS."""
    try:
        parts = urlsplit(_PLACEHOLDER.sub(_STAND_IN, url))
    except ValueError:
        return False  # nothing is sent to what is no URL
    return parts.scheme == "http" and not is_loopback(parts.hostname)


def check_base_url(url: str, *, private_network: bool) -> str:
    """The fault of a base URL in one sentence, or "" when content may be sent to it."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "not a URL"
    named = parts.scheme in ("https", "http") and (":" in host or _HOST.fullmatch(host) is not None)
    plain = "%" not in url and "\\" not in url and {".", ".."}.isdisjoint(parts.path.split("/"))
    safe = parts.scheme == "https" or private_network or is_loopback(host)
    faults = (
        ("@" in parts.netloc, "a host must not carry credentials: give them to the account as `api_key: {env: NAME}`"),
        (not _VISIBLE.fullmatch(url), "a host has no blanks, and an international name is written as xn--…"),
        (not named, "a host is written https://name/path"),
        ("?" in url or "#" in url, "a host has no query and no fragment"),
        (not plain, "a host has a plain path: no escapes, no backslashes, no dots for folders"),
        (not safe, "a host beyond loopback needs https, or `private_network: true` on a network that you own"),
    )
    return next((fault for found, fault in faults if found), "")


def check_host(host: str, *, private_network: bool) -> str:
    """The fault of an attested host in one sentence, or "".

    A host is a base URL in which `{name}` may stand for one label of the name, or for one part of the path:
    `https://{resource}.openai.azure.com/openai/v1`. The last two labels are always spelt out, so that no
    placeholder can stand for somebody else's domain.
    """
    names = _PLACEHOLDER.findall(host)
    if len(names) != len(set(names)):
        return "a host names each placeholder once"
    plain = _PLACEHOLDER.sub(_STAND_IN, host)
    if "{" in plain or "}" in plain:
        return "a placeholder is written {name}, in lower case"
    if fault := check_base_url(plain, private_network=private_network):
        return fault
    domain = urlsplit(host).netloc.split(".")[-2:]
    if any("{" in label for label in domain):
        return "a host spells out its domain: a placeholder stands for a label before it, or in the path"
    return ""


def has_placeholder(host: str) -> bool:
    """Whether the account has to say which host it is."""
    return "{" in host


def _compiled(host: str) -> re.Pattern[str]:
    at = host.find("/", host.find("//") + 2)
    pieces, last = [], 0
    for match in _PLACEHOLDER.finditer(host):
        in_path = 0 <= at < match.start()
        kind = _SEGMENT if in_path else _LABEL
        pieces.append(f"{re.escape(host[last : match.start()])}(?P<{match[1]}>{kind})")
        last = match.end()
    return re.compile("".join(pieces) + re.escape(host[last:]))


def bindings(host: str, url: str) -> dict[str, str] | None:
    """What the placeholders of an attested host stand for in `url`; None when the URL is not that host."""
    match = _compiled(host.rstrip("/")).fullmatch(url.rstrip("/"))
    return None if match is None else match.groupdict()
