"""The OpenAPI document, and that the gateway keeps to it: schemathesis asks what it allows, and what it does not."""

from __future__ import annotations

import asyncio
import copy
import socket
import threading
from typing import Any, NotRequired, get_origin, get_type_hints, is_typeddict

import pytest
from gateway_here import OneKey, here
from here import needs, needs_extra
from hypothesis import HealthCheck, Phase, given, settings
from upstream import Upstream

from zdr_router.dialects import shapes
from zdr_router.hosting import HopSettings
from zdr_router.hosts.gateway.openapi.document import document
from zdr_router.hosts.gateway.operations import OPERATIONS
from zdr_router.sealed import Sealed

needs("schemathesis", fix="install the group `test`")
needs_extra("gateway", "uvicorn")

import schemathesis  # noqa: E402 - after what may skip
import uvicorn  # noqa: E402 - as below
from schemathesis import GenerationMode  # noqa: E402
from schemathesis.specs.openapi.checks import positive_data_acceptance  # noqa: E402

EXAMPLES = 25
KEY = {"Authorization": "Bearer right"}


def known_route() -> dict[str, Any]:
    """The document with the one route of this gateway for every name of a route, so that requests get far."""
    made = copy.deepcopy(document())
    made["components"]["schemas"]["Route"] = {"const": "chat"}
    return made


SCHEMA = schemathesis.openapi.from_dict(known_route())
ASKED = {each.ok().label: each.ok() for each in SCHEMA.get_all_operations()}


@pytest.fixture(scope="module")
def url():
    """A gateway that listens on a socket, in a thread with a loop of its own."""
    bound = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    async def serve():
        settings = HopSettings(metrics_key=Sealed("right"))
        async with Upstream() as upstream, here(upstream, keys=OneKey(), settings=settings) as it:
            server = uvicorn.Server(uvicorn.Config(it.app, log_config=None, lifespan="off"))
            serving = asyncio.create_task(server.serve(sockets=[bound]))
            await asyncio.to_thread(over.wait)
            server.should_exit = True
            await serving

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    over.set()
    thread.join(30)


def integral(value: Any) -> Any:
    """1.0 is an integer to JSON Schema, and a number to this gateway."""
    if isinstance(value, dict):
        return {name: integral(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [integral(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


MODES = [
    (label, mode)
    for label, operation in ASKED.items()
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if mode is GenerationMode.POSITIVE or operation.body or operation.path_parameters
]
"""Where nothing is sent, nothing can be wrong with it."""


@pytest.mark.parametrize(("label", "mode"), MODES, ids=lambda part: getattr(part, "value", part))
def test_what_is_answered_is_what_the_document_says(label, mode, url):
    operation = ASKED[label]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case):
        if mode is GenerationMode.POSITIVE:
            case.body = integral(case.body)
        # Whether a body can be explained is more than its schema says.
        excluded = [positive_data_acceptance] if label == "POST /v1/explain" else []
        statuses.add(case.call_and_validate(base_url=url, headers=KEY, excluded_checks=excluded).status_code)

    statuses: set[int] = set()
    ask()
    expected = 200 if mode is GenerationMode.POSITIVE else 400
    assert any(expected <= status < expected + 100 for status in statuses), "what this is about was never answered"


def test_it_is_openapi_and_has_every_operation():
    SCHEMA.validate()
    described = {
        (path.replace("{model}", ""), method.upper()) for path, item in document()["paths"].items() for method in item
    }
    assert described == {(path, operation.method) for path, operation in OPERATIONS.items()}


NAMES = {
    "ChatCompletionBody": "ChatCompletion",
    "UsageBody": "Usage",
    "ChatChunk": "ChatCompletionChunk",
    "EmbeddingsBody": "Embeddings",
}
SHAPES = {
    name: shape
    for name, shape in vars(shapes).items()
    if is_typeddict(shape) and NAMES.get(name, name) in document()["components"]["schemas"]
}


@pytest.mark.parametrize("name", list(SHAPES))
def test_answers_are_described_as_they_are_typed(name):
    shape, schema = SHAPES[name], document()["components"]["schemas"][NAMES.get(name, name)]
    hints = get_type_hints(shape, include_extras=True)
    required = {name for name, hint in hints.items() if shape.__total__ and get_origin(hint) is not NotRequired}
    assert set(schema["properties"]) - {"zdr"} == set(hints)
    assert set(schema.get("required", ())) == required
