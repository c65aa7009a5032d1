"""A litellm configuration (`model_list`) as an operator's file, with every grant still to be stated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from zdr_router.conformance.grants import BY_ITSELF
from zdr_router.conformance.importing.base import Imported
from zdr_router.conformance.importing.litellm_choice import Choice, NoChoice, choose
from zdr_router.conformance.importing.litellm_config import Deployment, Reader
from zdr_router.errors import ConfigError
from zdr_router.policy.grants import NAMED_SCOPES
from zdr_router.registry.configuration import AUTH_HEADERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.registry import Configuration, Registry
    from zdr_router.registry.strict_yaml import Document

_UNNAMED: Final = re.compile(r"[^a-z0-9._-]+")
_LONGEST: Final = 64


def converted(document: Document, registry: Registry, servers: Mapping[str, str]) -> Imported:
    """The operator's file that the configuration comes to. Raises `ConfigError` where nothing is left of it."""
    reader = Reader(document)
    file = _File(reader)
    for deployment in reader.deployments():
        choice = choose(deployment, registry, servers)
        if isinstance(choice, NoChoice):
            reader.leave((*deployment.path, "litellm_params"), choice.why, choice.fix)
        else:
            file.add(deployment, choice)
    if not file.accounts:
        problem = document.problem((), "nothing of it can be carried over", "write zdr.yaml by hand")
        raise ConfigError([*reader.left_out, problem])
    written = {"policy": {"minimum_grade": "contracted"}, "accounts": file.accounts, "routes": file.routes}
    left_out, notes = (
        tuple(sorted(each, key=lambda problem: problem.line)) for each in (reader.left_out, reader.notes)
    )
    return Imported(written, left_out, notes, file.comments)


class _File:
    """The operator's file as it grows: one account for each configuration, address and key."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._names: dict[tuple[str, str | None, str | None], str] = {}
        self._routes: dict[str, str] = {}
        self.accounts: dict[str, dict[str, Any]] = {}
        self.routes: dict[str, dict[str, Any]] = {}
        self.comments: dict[tuple[str | int, ...], tuple[str, ...]] = {
            (): (
                "Made by `zdr import litellm`. Nothing may be sent before each grant is stated.",
                "`zdr check -c FILE` lists what is missing.",
            ),
            ("policy",): (
                "What is not said here has the strictest default: no cache, no exception. See docs/policy.md.",
            ),
        }

    def add(self, deployment: Deployment, choice: Choice) -> None:
        """Put a deployment in: its account, and its place on its route."""
        target = f"{self._account(deployment, choice)}/{deployment.model}"
        route = self._route(deployment)
        targets = self.routes.setdefault(route, {"targets": []})["targets"]
        if target in targets:
            self._reader.note(deployment.path, f"{target} is on route {route} already")
            return
        if not choice.serves:
            name = choice.configuration.id
            fix = f"zdr registry show {name} lists its models; the name may be another one there"
            self._reader.note((*deployment.path, "litellm_params", "model"), f"{name} does not serve this model", fix)
        targets.append(target)
        if len(targets) > 1:
            self.comments["routes", route] = ("Tried in this order; litellm takes one at random.",)

    def _account(self, deployment: Deployment, choice: Choice) -> str:
        configuration = choice.configuration
        key = deployment.key or (None if configuration.self_operated else configuration.credentials.env)
        if configuration.credentials.auth not in {*AUTH_HEADERS, "none"}:
            key = None
        known = (configuration.id, choice.base_url, key)
        if known in self._names:
            return self._names[known]
        name = _free(configuration.id.replace("/", "-"), self.accounts)
        self._names[known] = name
        account: dict[str, Any] = {"configuration": configuration.id}
        if key is not None:
            account["api_key"] = {"env": key}
        if choice.base_url is not None:
            account["base_url"] = choice.base_url
        self.accounts[name] = account
        self._tell(deployment, choice, name)
        return name

    def _tell(self, deployment: Deployment, choice: Choice, name: str) -> None:
        """What the account still lacks, beside it and in the notes."""
        configuration = choice.configuration
        missing = list(_missing(configuration, name))
        signed = configuration.credentials.auth not in {*AUTH_HEADERS, "none"}
        if signed:
            missing.append(f"credentials: STILL TO BE STATED ({configuration.credentials.auth})")
        if choice.base_url is None and not _settled(configuration):
            hosts = " or ".join(configuration.hosts)
            missing.append(f"base_url: STILL TO BE STATED, one of {hosts}")
        if missing:
            self.comments["accounts", name] = tuple(missing)
        if choice.others:
            others = ", ".join(choice.others)
            what = f"{configuration.id} was chosen, and {others} would do as well: take the one that you hold"
            self._reader.note(deployment.path, what, f"zdr registry show {configuration.id}")
        env = configuration.credentials.env
        if deployment.key is None and env and not configuration.self_operated and not signed:
            self._reader.note(deployment.path, f"account {name} looks for its key in {env}")
        elif deployment.literal:
            fix = "give it `api_key: {env: NAME}` if the server wants one"
            self._reader.note(deployment.path, f"account {name} has no key", fix)

    def _route(self, deployment: Deployment) -> str:
        written = deployment.route
        if written not in self._routes:
            plain = _UNNAMED.sub("-", written.lower()).strip("._-")[:_LONGEST] or "route"
            name = _free(plain, self.routes)
            self._routes[written] = name
            if name != written:
                fix = "callers ask for it by the new name"
                self._reader.note((*deployment.path, "model_name"), f"the route is called {name} here", fix)
        return self._routes[written]


def _missing(configuration: Configuration, account: str) -> list[str]:
    mechanism = configuration.mechanism
    if mechanism.kind in BY_ITSELF:
        return []
    how = f" Arrange: {mechanism.how}" if mechanism.how else ""
    missing = [f"grant: STILL TO BE STATED ({mechanism.kind}), with `zdr grant {account}`.{how}"]
    if mechanism.scope in NAMED_SCOPES:
        missing.append(f"scope: STILL TO BE STATED, {{{mechanism.scope}: …}}, here and in the grant.")
    return missing


def _settled(configuration: Configuration) -> bool:
    return len(configuration.hosts) == 1 and "{" not in configuration.hosts[0]


def _free(wanted: str, taken: Mapping[str, object]) -> str:
    """The name, or the first one after it that nothing has."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted[: _LONGEST - 4]}-{number}"
    return name
