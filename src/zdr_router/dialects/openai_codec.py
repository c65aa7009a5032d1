"""OpenAI's wire format as a codec: its members are the request's own, so it encodes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.dialects.base import Codec
from zdr_router.dialects.openai import decode_chat
from zdr_router.dialects.openai_stream import ChatStreamDecoder

if TYPE_CHECKING:
    from zdr_router.dialects.base import StreamDecoder, StreamSetting


def stream_openai(setting: StreamSetting) -> StreamDecoder:
    """A stream that ends once each choice has its finish reason."""
    return ChatStreamDecoder(
        setting.head, show_usage=setting.show_usage, choices=setting.choices, accept=setting.accept
    )


OPENAI: Final = Codec(None, decode_chat, stream_openai)
