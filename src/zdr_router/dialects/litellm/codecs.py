"""The codecs of the dialects that litellm writes, one for each name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.dialects.base import Codec
from zdr_router.dialects.foreign.cohere import decode_cohere, stream_cohere
from zdr_router.dialects.foreign.converse import decode_converse, stream_converse
from zdr_router.dialects.foreign.generate_content import decode_generate_content, stream_generate_content
from zdr_router.dialects.foreign.messages import decode_messages, stream_messages
from zdr_router.dialects.litellm import posture
from zdr_router.dialects.litellm.cohere import cohere_encoder
from zdr_router.dialects.litellm.converse import converse_encoder
from zdr_router.dialects.litellm.generate_content import generate_content_encoder
from zdr_router.dialects.litellm.messages import messages_encoder
from zdr_router.dialects.litellm.watsonx import watsonx_encoder
from zdr_router.dialects.openai import decode_chat
from zdr_router.dialects.openai_codec import stream_openai
from zdr_router.metadata import Outcome

if TYPE_CHECKING:
    from zdr_router.dialects.base import Encode
    from zdr_router.dialects.litellm.conversation import Writer
    from zdr_router.dialects.litellm.library import Library


def make_codecs(library: Library) -> dict[str, Codec]:
    """Every codec, over a litellm that was loaded."""
    messages = _guarded(library, messages_encoder(library))
    raw_predict = _guarded(library, messages_encoder(library, version="vertex-2023-10-16"))
    return {
        "litellm:anthropic": Codec(messages, decode_messages, stream_messages),
        "litellm:azure_anthropic": Codec(messages, decode_messages, stream_messages),
        "litellm:vertex_anthropic": Codec(raw_predict, decode_messages, stream_messages),
        "litellm:bedrock": Codec(_guarded(library, converse_encoder(library)), decode_converse, stream_converse),
        "litellm:gemini": _google(library, "gemini"),
        "litellm:vertex_ai": _google(library, "vertex_ai"),
        "litellm:cohere": Codec(_guarded(library, cohere_encoder(library)), decode_cohere, stream_cohere),
        "litellm:watsonx": Codec(_guarded(library, watsonx_encoder(library)), decode_chat, stream_openai),
    }


def _google(library: Library, provider: str) -> Codec:
    encode = _guarded(library, generate_content_encoder(library, provider))
    return Codec(encode, decode_generate_content, stream_generate_content)


def _guarded(library: Library, encode: Writer) -> Encode:
    """`encode`, under a posture that still holds, and without the errors of litellm, which quote the messages."""

    def guarded(body: dict[str, object], *, model: str, stream: bool) -> dict[str, object] | Outcome:
        if posture.fault(library.module):
            return Outcome.GUARDED
        try:
            return encode(body, model=model, stream=stream)
        except Exception:  # noqa: BLE001 - litellm raises anything; it is dropped with the messages that it quotes
            return Outcome.CALLER_FAULT

    return guarded
