"""Reads the `model_list` of a litellm configuration: its deployments, and what about them cannot be carried over."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from zdr_router.conformance.importing.litellm_prefixes import PROVIDERS, split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.errors import Problem
    from zdr_router.registry.strict_yaml import Document

_ENVIRONMENT: Final = "os.environ/"
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET: Final = re.compile(r"(?i)key|secret|token|password|credential")
_CARRIED: Final = frozenset({"model", "api_base", "base_url", "api_key", "custom_llm_provider"})
_PLACES: Final = {
    "aws_region_name": ("region", "called"),
    "vertex_location": ("region", "location"),
    "vertex_project": ("project",),
}
"""Parameters that name a part of an address, and the placeholders that it may stand for."""

_MODES: Final = {"chat": "chat.completions", "completion": "chat.completions", "embedding": "embeddings"}
_KEEPS_OPEN: Final = "see what it did, and whether something here has to take its place"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One entry of the list. `key` is the environment variable that holds it; `literal` that it stands in the file."""

    route: str
    prefix: str
    model: str
    endpoint: str
    base_url: str | None
    key: str | None
    literal: bool
    places: Mapping[str, str]
    path: tuple[str | int, ...]


class Reader:
    """Reads entries, and collects what is left out and what is worth a note. No value of a secret is kept."""

    def __init__(self, document: Document) -> None:
        """`document` is the whole configuration."""
        self.document = document
        self.left_out: list[Problem] = []
        self.notes: list[Problem] = []

    def deployments(self) -> list[Deployment]:
        """Every entry that can be read."""
        value = self.document.value
        entries = value.get("model_list") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(entries, list):
            self.leave((), "has no `model_list`, which is a list", "give litellm's own configuration")
            return []
        for name in value:
            if name != "model_list":
                self.note((name,), f"{_shown(name)} is not carried over", _KEEPS_OPEN)
        found = (self._deployment(index, entry) for index, entry in enumerate(entries))
        return [each for each in found if each is not None]

    def leave(self, path: tuple[str | int, ...], what: str, fix: str) -> None:
        """Note something that is left out."""
        self.left_out.append(self.document.problem(path, what, fix))

    def note(self, path: tuple[str | int, ...], what: str, fix: str = "") -> None:
        """Note something that its reader has to know."""
        self.notes.append(self.document.problem(path, what, fix))

    def _deployment(self, index: int, entry: object) -> Deployment | None:
        path: tuple[str | int, ...] = ("model_list", index)
        parameters = entry.get("litellm_params") if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(parameters, dict):
            self.leave(path, "an entry has no `litellm_params`", "give it some, or remove it")
            return None
        within = (*path, "litellm_params")
        route = entry.get("model_name")
        model = self._model(within, route, parameters)
        if model is None:
            return None
        base, faulty = self._base(within, parameters)
        key, literal = self._key(within, parameters)
        self._beside(path, within, entry, parameters)
        if faulty:
            return None
        info = entry.get("model_info")
        mode = info.get("mode") if isinstance(info, dict) else None
        if mode is not None and mode not in _MODES:
            self.leave((*path, "model_info", "mode"), "its mode is neither chat nor embedding", "ask it by other means")
            return None
        return Deployment(
            route=str(route),
            prefix=model[0],
            model=model[1],
            endpoint=_MODES.get(mode or "chat", "chat.completions"),
            base_url=base,
            key=key,
            literal=literal,
            places=_places(parameters),
            path=path,
        )

    def _model(
        self, within: tuple[str | int, ...], route: object, parameters: Mapping[str, Any]
    ) -> tuple[str, str] | None:
        model, prefix = parameters.get("model"), parameters.get("custom_llm_provider")
        place = (*within, "model")
        if not isinstance(route, str) or not isinstance(model, str) or not model.isprintable():
            self.leave(within[:-1], "an entry lacks `model_name` or `litellm_params.model`", "name both")
        elif "*" in model or "*" in route:
            self.leave(place, "a wildcard stands for models that nobody lists", "list the models that you use")
        elif model.startswith(_ENVIRONMENT):
            self.leave(place, "its model is read from the environment", "write the model's name")
        elif isinstance(prefix, str) and prefix in PROVIDERS:
            return prefix, model.removeprefix(f"{prefix}/")
        elif prefix is None and (known := split(model)) is not None:
            return known
        else:
            fix = "write it prefix/model, with one of litellm's prefixes; or write the account by hand"
            self.leave(place, "its provider is none that can be mapped", fix)
        return None

    def _base(self, within: tuple[str | int, ...], parameters: Mapping[str, Any]) -> tuple[str | None, bool]:
        """The address, and whether there is one that cannot be carried over."""
        name = "api_base" if parameters.get("api_base") is not None else "base_url"
        base = parameters.get(name)
        if base is None:
            return None, False
        try:
            parts = urlsplit(base) if isinstance(base, str) else None
            host = parts.hostname if parts is not None and parts.scheme in {"http", "https"} else None
        except ValueError:
            host = None
        if host is None or "@" in str(base):
            what = f"its {name} is no plain address" + (
                ", but read from the environment" if _from_environment(base) else ""
            )
            self.leave((*within, name), what, "write the address: it decides whom content goes to")
            return None, True
        return str(base), False

    def _key(self, within: tuple[str | int, ...], parameters: Mapping[str, Any]) -> tuple[str | None, bool]:
        key = parameters.get("api_key")
        if key is None:
            return None, False
        variable = str(key).removeprefix(_ENVIRONMENT)
        if _from_environment(key) and _VARIABLE.fullmatch(variable):
            return variable, False
        what = "a literal key stands in the file, which is not copied"
        self.leave(
            (*within, "api_key"), what, "put it where the new file looks for it, and have it replaced by a new one"
        )
        return None, True

    def _beside(
        self,
        path: tuple[str | int, ...],
        within: tuple[str | int, ...],
        entry: Mapping[str, Any],
        parameters: Mapping[str, Any],
    ) -> None:
        """Everything else that the entry says."""
        for name in parameters:
            if name in _CARRIED or name in _PLACES:
                continue
            value = parameters[name]
            if _SECRET.search(name) and isinstance(value, str) and not _from_environment(value):
                fix = "give the account its credentials by hand"
                self.leave((*within, name), f"a literal secret stands under {_shown(name)}, which is not copied", fix)
            else:
                self.note((*within, name), f"{_shown(name)} is not carried over", _KEEPS_OPEN)
        for name in entry:
            if name not in {"model_name", "litellm_params", "model_info"}:
                self.note((*path, name), f"{_shown(name)} is not carried over", _KEEPS_OPEN)


def _places(parameters: Mapping[str, Any]) -> dict[str, str]:
    named = ((value, parameters.get(name)) for name, value in _PLACES.items())
    return {
        placeholder: value
        for placeholders, value in named
        if isinstance(value, str) and not _from_environment(value)
        for placeholder in placeholders
    }


def _from_environment(value: object) -> bool:
    return isinstance(value, str) and value.startswith(_ENVIRONMENT)


def _shown(name: object) -> str:
    return name if isinstance(name, str) and _VARIABLE.fullmatch(name) else "a member"
