"""What a client has to do: answer a prompt, whole or as a stream, and say when the first content came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from benchmarks.loads import Prompt

KEY: Final = "sk-benchmark"
"""The credential of clients that insist on one."""


class Streamed(NamedTuple):
    """What came of a stream. `first` is when its first content came, on `time.perf_counter`."""

    first: float
    pieces: int


class Call(Protocol):
    """A prompt that is ready to be sent again and again."""

    async def chat(self) -> str:
        """The text of one whole answer."""
        ...

    async def stream(self) -> Streamed:
        """One streamed answer, read to its end, every chunk as an object of the client's."""
        ...


class Client(Protocol):
    """A client that is open."""

    def prepare(self, prompt: Prompt) -> Call:
        """Put a prompt into the client's form, as an application that has it in hand would."""
        ...


if TYPE_CHECKING:
    Opener = Callable[[str], AbstractAsyncContextManager[Client]]
    """Opens a client on a base URL (`http://…/v1`)."""


def streamed(first: float, pieces: int) -> Streamed:
    """The result of a stream; an error if it never spoke."""
    if not first:
        fail("a stream without content")
    return Streamed(first, pieces)


def fail(what: str) -> NoReturn:
    """Stop the run: what did not work must not be measured."""
    message = f"{what}: this client does not work against the mock server"
    raise RuntimeError(message)
