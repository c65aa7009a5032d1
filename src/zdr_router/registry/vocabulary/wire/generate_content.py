"""Google's generateContent and streamGenerateContent, of the Gemini API and of Vertex AI.

Both take the names of protocol buffers as well as those of JSON (`inline_data`, `inlineData`); listed is what is sent.
"""

from __future__ import annotations

from typing import Final

from zdr_router.registry.vocabulary.shapes import (
    ANYTHING,
    FLAG,
    INTEGER,
    NUMBER,
    TEXT,
    TEXTS,
    Items,
    Object,
    Switch,
    Words,
)

# Inline only: `file_data`, which points at a file, is unknown here. So is `cachedContent`, which Google keeps.
_IMAGES: Final = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif", "image/gif")
_SOUNDS: Final = ("wav", "mp3", "mpeg", "aiff", "aac", "ogg", "flac", "mpga", "m4a", "opus", "pcm", "webm", "mp4")
_FILES: Final = ("application/pdf", "text/plain", "text/html", "text/css", "text/csv", "text/xml", "text/markdown")
MEDIA: Final = frozenset({*_IMAGES, *_FILES})
_KINDS: Final = Words(
    {
        **dict.fromkeys(_IMAGES, "inline_image"),
        **{f"audio/{kind}": "inline_audio" for kind in _SOUNDS},
        **dict.fromkeys(_FILES, "inline_file"),
    }
)
_PART: Final = Object(
    {
        "text": TEXT,
        "inline_data": Object({"mime_type": _KINDS, "data": TEXT}, required=("mime_type", "data")),
        "function_call": Object({"name": TEXT, "args": ANYTHING, "id": TEXT}, "tool_history"),
        "function_response": Object({"name": TEXT, "response": ANYTHING, "id": TEXT}, "tool_history"),
        "thoughtSignature": TEXT,
    }
)
_CALLING: Final = Object(
    {
        "mode": Words({"AUTO": "", "NONE": "", "ANY": "tool_choice"}),
        "allowed_function_names": TEXTS,
    }
)
_DECLARATION: Final = Object({"name": TEXT, "description": TEXT, "parameters": ANYTHING}, "function_tools")
_THINKING: Final = Object(
    {
        "thinkingBudget": INTEGER,
        "thinkingLevel": Words(dict.fromkeys(("minimal", "low", "medium", "high"), "")),
        "includeThoughts": FLAG,
    },
    "reasoning",
)

GENERATE_CONTENT: Final = Object(
    {
        "contents": Items(Object({"role": Words({"user": "", "model": ""}), "parts": Items(_PART)}), at_least=1),
        "system_instruction": Object({"parts": Items(Object({"text": TEXT}))}),
        "tools": Items(Object({"function_declarations": Items(_DECLARATION)})),
        "toolConfig": Object({"functionCallingConfig": _CALLING}),
        "generationConfig": Object(
            {
                "temperature": NUMBER,
                "topP": NUMBER,
                "topK": INTEGER,
                "maxOutputTokens": INTEGER,
                "stopSequences": TEXTS,
                "seed": INTEGER,
                "frequencyPenalty": NUMBER,
                "presencePenalty": NUMBER,
                "responseMimeType": Words({"application/json": "", "text/plain": ""}),
                "responseJsonSchema": ANYTHING,
                "thinkingConfig": _THINKING,
            }
        ),
    },
    required=("contents",),
)
"""As typed and converted in python-genai 3.4.0 (`types.py`, `models.py`; read 2026-11-22).

It names no media types, and writes levels of thinking in capitals, which litellm does not: both follow litellm, and the
lists of Google's pages were not read.
"""

GEMINI: Final = Object({**GENERATE_CONTENT.keys, "store": Switch(on="store")}, required=GENERATE_CONTENT.required)
"""The same at the Gemini API, which alone lets a request say whether it is logged."""
