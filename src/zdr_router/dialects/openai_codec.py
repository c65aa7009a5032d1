"""OpenAI's wire format as a codec: for servers that speak it at addresses of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.dialects.base import Codec
from zdr_router.dialects.openai import decode_chat, encode_chat
from zdr_router.dialects.openai_stream import ChatStreamDecoder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.dialects.base import StreamDecoder, StreamSetting

decode_openai = decode_chat


def encode_openai(body: Mapping[str, object], *, model: str, stream: bool) -> dict[str, object]:
    """The caller's parameters with the target's model; its values are the caller's own."""
    return encode_chat(body, model=model, stream=stream)


def stream_openai(setting: StreamSetting) -> StreamDecoder:
    """A stream that ends with its choices' finish reasons."""
    return ChatStreamDecoder(
        setting.head, show_usage=setting.show_usage, choices=setting.choices, accept=setting.accept
    )


OPENAI: Final = Codec(encode_openai, decode_openai, stream_openai)
