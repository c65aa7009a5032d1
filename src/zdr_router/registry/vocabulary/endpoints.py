"""Every endpoint of the API, and which feature using it is."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint, or a family: a path that ends in `/**` is that path and everything below it.

    Where several fit, the longest path counts; `*` stands for one segment, `method` is empty for every method.
    """

    id: str
    method: str
    path: str
    feature: str


ROWS: Final[tuple[Endpoint, ...]] = (
    Endpoint("chat.completions", "POST", "/chat/completions", "answers"),
    Endpoint("embeddings", "POST", "/embeddings", "answers"),
    Endpoint("responses", "POST", "/responses", "answers"),
    Endpoint("responses.compact", "POST", "/responses/compact", "answers"),
    Endpoint("responses.input_tokens", "POST", "/responses/input_tokens", "answers"),
    Endpoint("completions", "POST", "/completions", "answers"),
    Endpoint("moderations", "POST", "/moderations", "answers"),
    Endpoint("models", "GET", "/models", "model_list"),
    Endpoint("models.one", "GET", "/models/*", "model_list"),
    Endpoint("audio.speech", "POST", "/audio/speech", "answers"),
    Endpoint("audio.transcriptions", "POST", "/audio/transcriptions", "answers"),
    Endpoint("audio.translations", "POST", "/audio/translations", "answers"),
    Endpoint("audio.voices", "", "/audio/voices/**", "stored_voices"),
    Endpoint("audio.voice_consents", "", "/audio/voice_consents/**", "stored_voices"),
    Endpoint("images.generations", "POST", "/images/generations", "answers"),
    Endpoint("images.edits", "POST", "/images/edits", "answers"),
    Endpoint("images.variations", "POST", "/images/variations", "image_variations"),
    Endpoint("realtime", "", "/realtime/**", "live_session"),
    Endpoint("realtime.calls", "", "/realtime/calls/**", "phone_calls"),
    Endpoint("live.sessions", "POST", "/live/sessions", "live_session"),
    Endpoint("live.sessions.one", "", "/live/sessions/**", "stored_sessions"),
    Endpoint("chat.completions.stored", "", "/chat/completions/**", "stored_answers"),
    Endpoint("responses.stored", "", "/responses/**", "stored_answers"),
    Endpoint("conversations", "", "/conversations/**", "conversation"),
    Endpoint("files", "", "/files/**", "stored_files"),
    Endpoint("uploads", "", "/uploads/**", "stored_files"),
    Endpoint("vector_stores", "", "/vector_stores/**", "vector_stores"),
    Endpoint("batches", "", "/batches/**", "batch"),
    Endpoint("assistants", "", "/assistants/**", "assistants"),
    Endpoint("threads", "", "/threads/**", "assistants"),
    Endpoint("chatkit", "", "/chatkit/**", "assistants"),
    Endpoint("agents", "", "/agents/**", "agents"),
    Endpoint("vaults", "", "/vaults/**", "agents"),
    Endpoint("containers", "", "/containers/**", "hosted_code"),
    Endpoint("skills", "", "/skills/**", "hosted_skills"),
    Endpoint("fine_tuning", "", "/fine_tuning/**", "fine_tuning"),
    Endpoint("models.delete", "DELETE", "/models/*", "fine_tuning"),
    Endpoint("evals", "", "/evals/**", "evals"),
    Endpoint("videos", "", "/videos/**", "video_generation"),
    Endpoint("decisions", "", "/decisions", "undocumented"),
    Endpoint("content_provenance_checks", "", "/content_provenance_checks", "undocumented"),
    Endpoint("safety", "", "/safety/**", "administration"),
    Endpoint("webhook_endpoints", "", "/webhook_endpoints/**", "administration"),
    Endpoint("webhook_event_types", "", "/webhook_event_types", "administration"),
    Endpoint("organization", "", "/organization/**", "administration"),
    Endpoint("projects", "", "/projects/**", "administration"),
)

ENDPOINTS: Final[Mapping[str, Endpoint]] = MappingProxyType({row.id: row for row in ROWS})
