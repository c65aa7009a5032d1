"""Everything a request can use or ask for, and what happens at a provider when it does."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Effect = Literal["inference", "router", "identity", "cache", "retention", "egress"]
"""What a feature does beyond the answer.

inference: shapes this answer only. router: read or set by the router, never forwarded as the caller sent it.
identity: names a person, or labels the request. cache: governs what is kept of the prompt to speed up the next.
retention: asks the provider to keep something, or refers to something it kept. egress: content leaves the service
that runs the model, for a third party or for another service of the provider.
"""

Media = Literal["text", "image", "audio", "file", "video"]


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that a request can use. `id` is stable for ever: registry files and policies name it."""

    id: str
    effect: Effect
    says: str
    media: Media = "text"
    origin: Literal["openai", "extension"] = "openai"


ROWS: Final[tuple[Feature, ...]] = (
    # Shapes this answer only.
    Feature("sampling", "inference", "Tokens are drawn another way."),
    Feature("extended_sampling", "inference", "Tokens are drawn by rules of an inference server.", origin="extension"),
    Feature("length", "inference", "The answer ends earlier, or the prompt is cut to fit."),
    Feature("choices", "inference", "Several answers are made from one prompt."),
    Feature("log_probabilities", "inference", "The answer carries the likelihood of its tokens."),
    Feature("reasoning", "inference", "The model thinks more or less before it answers."),
    Feature("reasoning_history", "inference", "Earlier thinking of the model is part of the prompt."),
    Feature("reasoning_text", "inference", "Earlier thinking is part of the prompt, as text.", origin="extension"),
    Feature("verbosity", "inference", "The answer is longer or shorter."),
    Feature("json_object", "inference", "The answer is JSON."),
    Feature("json_schema", "inference", "Answer or arguments follow a schema, which a provider may cache."),
    Feature("function_tools", "inference", "The model may ask the caller to run a function."),
    Feature("custom_tools", "inference", "The model may ask the caller to run a tool that takes free text."),
    Feature("client_tools", "inference", "The model may ask the caller to run commands or to edit files."),
    Feature("tool_search", "inference", "The model looks among the tools of this request for the one it needs."),
    Feature("tool_choice", "inference", "The model must, may or may not use tools."),
    Feature("tool_history", "inference", "Earlier calls of tools and their results are part of the prompt."),
    Feature("predicted_output", "inference", "The expected answer is sent along, so that it comes faster."),
    Feature("compaction", "inference", "A long prompt is summarised into an opaque item of the answer."),
    Feature("extra_output", "inference", "The answer carries more of what led to it."),
    Feature("stream_options", "inference", "The stream carries more, or less."),
    Feature("service_tier", "inference", "The request is served sooner or later, at another price."),
    Feature("embedding_format", "inference", "The vector is shorter, or encoded another way."),
    Feature("image_options", "inference", "Images of the prompt are read in more or less detail."),
    Feature("inline_image", "inference", "An image is part of the prompt; it may be scanned for abuse.", "image"),
    Feature("inline_audio", "inference", "A sound is part of the prompt.", "audio"),
    Feature("inline_file", "inference", "A document is part of the prompt; it may be scanned for abuse.", "file"),
    Feature("inline_video", "inference", "A film is part of the prompt.", "video", "extension"),
    # Read or set by the router.
    Feature("model", "router", "The caller names a route; the target names the model."),
    Feature("streaming", "router", "The answer comes in pieces."),
    Feature("preferences", "router", "The caller narrows which targets may serve."),
    Feature("credentials", "router", "The router sends those of the account."),
    Feature("representation", "router", "The router says how it encodes and what it accepts."),
    # Names a person or labels.
    Feature("end_user", "identity", "The provider learns a lasting identifier of the caller's user."),
    Feature("participant_name", "identity", "A message says by name who wrote it."),
    Feature("labels", "identity", "Labels of the caller's own travel along and show in the provider's dashboards."),
    Feature("account_scope", "identity", "The request is booked on an organisation or project that the caller names."),
    Feature("tracing", "identity", "An identifier of the caller's makes the request recognisable elsewhere."),
    Feature("client_fingerprint", "identity", "The provider learns the caller's software, machine or address."),
    # Governs prompt caches.
    Feature("cache_key", "cache", "Prompts that share a key share cached prefixes."),
    Feature("cache_options", "cache", "The caller says what of the prompt is cached, and how long at least."),
    Feature("cache_breakpoint", "cache", "The prompt up to this point is cached."),
    Feature("cache_control", "cache", "The prompt up to this point is cached.", origin="extension"),
    Feature("memory_cache", "cache", "Cached prefixes stay in memory."),
    Feature("extended_cache", "cache", "Cached prefixes are kept for hours, beyond memory."),
    # Asks the provider to keep something, or refers to something it kept.
    Feature("store", "retention", "The provider stores prompt and answer."),
    Feature("stored_by_default", "retention", "The provider stores prompt and answer unless told not to."),
    Feature("previous_response", "retention", "The prompt goes on from an answer that the provider stored."),
    Feature("conversation", "retention", "Prompt and answer are added to a conversation that the provider stores."),
    Feature("stored_item", "retention", "The prompt refers to an item that the provider stored."),
    Feature("stored_prompt", "retention", "The prompt is a template that the provider stores."),
    Feature("background", "retention", "The answer waits on the provider's disk until it is fetched."),
    Feature("cache_diagnostics", "retention", "The prompt is compared with that of an earlier, remembered answer."),
    Feature("file_by_id", "retention", "The prompt refers to a file that the provider stores.", "file"),
    Feature("image_by_id", "retention", "The prompt refers to an image that the provider stores.", "image"),
    Feature("audio_output", "retention", "The provider keeps the spoken answer for an hour.", "audio"),
    Feature("audio_by_id", "retention", "The prompt refers to a spoken answer that the provider keeps.", "audio"),
    Feature("custom_voice", "retention", "The answer is spoken with a voice that the provider stores.", "audio"),
    Feature("file_search", "retention", "The model searches documents that the provider stores."),
    Feature("hosted_code", "retention", "The model runs code in a container, whose disk the provider keeps."),
    Feature("hosted_shell", "retention", "The model runs commands in a container, whose disk the provider keeps."),
    Feature("hosted_skills", "retention", "The provider unpacks instructions and files into a hosted container."),
    Feature("programmatic_tools", "retention", "The provider runs a program that the model wrote."),
    Feature("access_program", "retention", "A gated access programme applies, with terms of its own."),
    Feature("idempotency", "retention", "The provider may remember the request, to recognise it when it comes again."),
    Feature("beta_features", "retention", "Behaviour is turned on that no table here describes."),
    # Leaves the service that runs the model.
    Feature("web_search", "egress", "Queries derived from the prompt go to search engines and web sites."),
    Feature("hosted_mcp", "egress", "The provider sends what the model writes to a server of a third party."),
    Feature("container_network", "egress", "Code in a hosted container may reach the network."),
    Feature("computer_use", "egress", "The model steers a computer; what it types goes where that reaches.", "image"),
    Feature("image_generation", "egress", "Another model of the provider makes an image from the prompt.", "image"),
    Feature("moderation", "egress", "Another model of the provider reads prompt and answer, and may block them."),
    Feature("remote_image", "egress", "Somebody fetches it, and whoever serves the address learns of that.", "image"),
    Feature("remote_audio", "egress", "Somebody fetches it, and whoever serves the address learns of that.", "audio"),
    Feature("remote_file", "egress", "Somebody fetches it, and whoever serves the address learns of that.", "file"),
    Feature(
        "remote_video",
        "egress",
        "Somebody fetches it, and whoever serves the address learns of that.",
        "video",
        "extension",
    ),
    # Whole endpoints.
    Feature("answers", "inference", "The endpoint answers; what is kept depends on the request."),
    Feature("model_list", "inference", "The endpoint tells which models there are; it takes no content."),
    Feature("live_session", "inference", "A session lasts as long as its connection.", "audio"),
    Feature("phone_calls", "egress", "Speech comes from and goes to a telephone provider.", "audio"),
    Feature("stored_answers", "retention", "The endpoint reads or changes answers that the provider stored."),
    Feature("stored_sessions", "retention", "The endpoint reads or goes on with a session that the provider stored."),
    Feature("stored_files", "retention", "The endpoint keeps files until they are deleted.", "file"),
    Feature("stored_voices", "retention", "The endpoint keeps voices and the consent to use them.", "audio"),
    Feature("vector_stores", "retention", "The endpoint keeps documents and their vectors until they are deleted."),
    Feature("batch", "retention", "Prompts and answers lie in files until they are deleted."),
    Feature("assistants", "retention", "The endpoint keeps assistants and threads until they are deleted."),
    Feature("agents", "retention", "The endpoint keeps agents, their sessions and secrets until they are deleted."),
    Feature("fine_tuning", "retention", "A model is trained on stored files."),
    Feature("evals", "retention", "The endpoint keeps test data and results until they are deleted."),
    Feature("video_generation", "retention", "Films and what they were made from are kept until fetched.", "video"),
    Feature("image_variations", "retention", "The documentation does not say what is kept, so it counts.", "image"),
    Feature("undocumented", "retention", "The documentation does not say what the endpoint keeps, so it counts."),
    Feature("administration", "retention", "The endpoint reads or changes the account itself."),
)

FEATURES: Final[Mapping[str, Feature]] = MappingProxyType({feature.id: feature for feature in ROWS})
