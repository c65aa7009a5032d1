"""What is asked of every client: how long the prompt is, how the answer comes, how many calls are in flight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Answering = Literal["whole", "pieces", "slowly", "burst"]
"""How the mock answers: at once; as a stream whose chunks come one by one, fast or as from a model, or all together."""

PIECES: Final = 100
"""Chunks of a stream."""

# The mock looks for these at the beginning of a body, so that no client has to be told apart from another.
ORDERS: Final[dict[Answering, str]] = {
    "whole": "Answer whole.",
    "pieces": "Answer piece by piece.",
    "slowly": "Answer piece by piece, at leisure.",
    "burst": "Answer in one burst.",
}

_SYSTEM: Final = 200


@dataclass(frozen=True, slots=True)
class Prompt:
    """The text of a request; `turns` are alternately the user's and the assistant's."""

    system: str
    turns: tuple[str, ...]

    def messages(self) -> list[dict[str, str]]:
        """As OpenAI's parameter."""
        roles = ("user", "assistant")
        spoken = [{"role": roles[index % 2], "content": text} for index, text in enumerate(self.turns)]
        return [{"role": "system", "content": self.system}, *spoken]


@dataclass(frozen=True, slots=True)
class Load:
    """One kind of work. `size` is the length of the prompt in bytes, spread over `turns` messages of the dialogue."""

    name: str
    size: int
    in_flight: int
    answering: Answering = "whole"
    turns: int = 1

    @property
    def streams(self) -> bool:
        """Whether the answer is a stream."""
        return self.answering != "whole"

    def prompt(self) -> Prompt:
        """Text of the right length."""
        order = ORDERS[self.answering]
        each = (self.size - _SYSTEM) // self.turns
        return Prompt(order.ljust(_SYSTEM, "."), ("lorem ipsum " * (each // 12 + 1),) * self.turns)


SMALL: Final = 2_000
LARGE: Final = 200_000

LOADS: Final = {
    load.name: load
    for load in (
        Load("chat_c32", SMALL, 32),
        Load("chat_c1", SMALL, 1),
        Load("chat200k_c32", LARGE, 32),
        Load("chat200k_c1", LARGE, 1),
        Load("dialogue200k_c32", LARGE, 32, turns=99),
        Load("stream_c32", SMALL, 32, "pieces"),
        Load("stream_c1", SMALL, 1, "pieces"),
        Load("stream200k_c32", LARGE, 32, "pieces"),
        Load("burst_c32", SMALL, 32, "burst"),
        Load("burst_c1", SMALL, 1, "burst"),
    )
}
"""Every load, in the order in which it is shown. A name ends in the number of calls in flight."""
