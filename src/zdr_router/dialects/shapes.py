"""What an answer looks like to the caller: OpenAI's objects, closed, whichever provider answered.

A key that OpenAI's API always sends is required here, though its value may be None; a key that it sends only at
times is `NotRequired`. Of what providers add, only `reasoning_content` is kept, because clients widely read it.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "function_call"]


class PromptTokensDetails(TypedDict, total=False):
    """What the prompt's tokens were."""

    cached_tokens: int
    audio_tokens: int
    cache_write_tokens: int


class CompletionTokensDetails(TypedDict, total=False):
    """What the answer's tokens were."""

    reasoning_tokens: int
    audio_tokens: int
    accepted_prediction_tokens: int
    rejected_prediction_tokens: int


class UsageBody(TypedDict):
    """Tokens of a chat, as the provider counted them."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: NotRequired[PromptTokensDetails]
    completion_tokens_details: NotRequired[CompletionTokensDetails]


class TopLogprob(TypedDict):
    """A token that might have stood in the place."""

    token: str
    logprob: float
    bytes: list[int] | None


class TokenLogprob(TopLogprob):
    """A token of the answer, and what else might have stood there."""

    top_logprobs: list[TopLogprob]


class Logprobs(TypedDict):
    """How likely the tokens of a choice were."""

    content: list[TokenLogprob] | None
    refusal: list[TokenLogprob] | None


class FunctionCall(TypedDict):
    """A function and its arguments; `arguments` is JSON text written by a model, so it may be invalid."""

    name: str
    arguments: str


class CustomCall(TypedDict):
    """A custom tool and its free-form input."""

    name: str
    input: str


class FunctionToolCall(TypedDict):
    """A call of a function tool."""

    id: str
    type: Literal["function"]
    function: FunctionCall


class CustomToolCall(TypedDict):
    """A call of a custom tool."""

    id: str
    type: Literal["custom"]
    custom: CustomCall


ToolCall = FunctionToolCall | CustomToolCall


class Message(TypedDict):
    """What the model said."""

    role: Literal["assistant"]
    content: str | None
    refusal: str | None
    tool_calls: NotRequired[list[ToolCall]]
    function_call: NotRequired[FunctionCall]
    reasoning_content: NotRequired[str]
    annotations: NotRequired[list[object]]
    audio: NotRequired[dict[str, object]]


class Choice(TypedDict):
    """One of the `n` answers."""

    index: int
    message: Message
    logprobs: Logprobs | None
    finish_reason: FinishReason


class ChatCompletionBody(TypedDict):
    """`chat.completion`: the whole answer."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: NotRequired[UsageBody]
    system_fingerprint: NotRequired[str]
    service_tier: NotRequired[str]


class FunctionCallDelta(TypedDict, total=False):
    """A piece of a function call."""

    name: str
    arguments: str


class CustomCallDelta(TypedDict, total=False):
    """A piece of a custom tool's call."""

    name: str
    input: str


class ToolCallDelta(TypedDict):
    """A piece of the tool call with this index; `id` and `type` come with the first piece."""

    index: int
    id: NotRequired[str]
    type: NotRequired[Literal["function", "custom"]]
    function: NotRequired[FunctionCallDelta]
    custom: NotRequired[CustomCallDelta]


class Delta(TypedDict, total=False):
    """A piece of a message; `role` comes with the first piece of each choice."""

    role: Literal["assistant"]
    content: str
    refusal: str
    tool_calls: list[ToolCallDelta]
    function_call: FunctionCallDelta
    reasoning_content: str
    annotations: list[object]
    audio: dict[str, object]


class ChunkChoice(TypedDict):
    """A piece of one of the `n` answers; the last one has the finish reason."""

    index: int
    delta: Delta
    logprobs: Logprobs | None
    finish_reason: FinishReason | None


class ChatChunk(TypedDict):
    """`chat.completion.chunk`: a piece of the answer.

    `usage` is there only if the caller asked for it: None, but in the last chunk, which has no choices.
    """

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: NotRequired[UsageBody | None]
    system_fingerprint: NotRequired[str]
    service_tier: NotRequired[str]


class EmbeddingsUsage(TypedDict):
    """Tokens of the texts that were embedded."""

    prompt_tokens: int
    total_tokens: int


class Embedding(TypedDict):
    """The vector of one input: numbers, or their bytes in base64."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class EmbeddingsBody(TypedDict):
    """`list` of embeddings, in the order of the inputs."""

    object: Literal["list"]
    data: list[Embedding]
    model: str
    usage: NotRequired[EmbeddingsUsage]
