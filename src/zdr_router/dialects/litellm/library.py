"""The one module that imports litellm: loads it in a strict posture and hands out the transformations that are used.

They are the parts of which litellm's own requests are made (turns, tools, schemas), not its clients and not its
`transform_request`, which adds what nobody asked for (tools that stand in for a schema, headers of betas, defaults of
its price table) and costs a multiple of everything else that is done for a request.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from zdr_router.dialects.litellm import posture
from zdr_router.dialects.litellm.versions import check_version
from zdr_router.dialects.versions import installed
from zdr_router.errors import ConfigError, Problem

if TYPE_CHECKING:
    from types import ModuleType

Transformation = Callable[..., Any]

_ALONE: Final = Lock()
"""The environment is the process's: two threads that change it would put back what the other had set."""


@dataclass(frozen=True, slots=True)
class Library:
    """litellm's module, to be looked at before each use, and its transformations.

    They may change what they are given and raise whatever they like, with content in it.
    """

    module: ModuleType
    split_system: Transformation
    place_system: Transformation
    messages_system: Transformation
    messages_turns: Transformation
    messages_tools: Transformation
    messages_choice: Transformation
    messages_schema: Transformation
    messages_thinking: Transformation
    messages_efforts: dict[str, str]
    messages_adapts: Transformation
    messages_limit: Transformation
    converse_system: Transformation
    converse_turns: Transformation
    converse_tools: Transformation
    converse_choice: Transformation
    converse_schema: Transformation
    converse_effort: Transformation
    google_system: Transformation
    google_turns: Transformation
    google_tools: Transformation
    google_choice: Transformation
    google_levels: Transformation
    google_level: Transformation
    google_budget: Transformation
    cohere_parameters: Transformation
    watsonx_parameters: Transformation


def load() -> Library:
    """Import litellm, which takes seconds. Raises `ConfigError` where it may not be used."""
    check_version(installed())
    with _ALONE:
        shared = "litellm" in sys.modules
        with posture.import_environment():
            import litellm
        if not shared:
            posture.tighten(litellm)
    fault = posture.fault(litellm)
    if fault:
        what = f"litellm is in use elsewhere in this process, and {fault}: content that it translates could leak"
        raise ConfigError(Problem(what, fix="undo that before the router is opened, or use another process"))
    return _library(litellm)


def _library(litellm: ModuleType) -> Library:
    from litellm.litellm_core_utils.prompt_templates import factory, mid_conversation_system
    from litellm.llms.anthropic.chat.transformation import REASONING_EFFORT_TO_OUTPUT_CONFIG_EFFORT, AnthropicConfig
    from litellm.llms.bedrock.chat.converse_transformation import AmazonConverseConfig
    from litellm.llms.cohere.chat.v2_transformation import CohereV2ChatConfig
    from litellm.llms.vertex_ai.gemini import transformation as google
    from litellm.llms.vertex_ai.gemini.vertex_and_google_ai_studio_gemini import VertexGeminiConfig
    from litellm.llms.watsonx.chat.transformation import IBMWatsonXChatConfig

    messages, converse, gemini = AnthropicConfig(), AmazonConverseConfig(), VertexGeminiConfig()
    return Library(
        module=litellm,
        split_system=mid_conversation_system.split_leading_system_run,
        place_system=mid_conversation_system.place_mid_conversation_system,
        messages_system=messages.translate_system_message,
        messages_turns=factory.anthropic_messages_pt,
        messages_tools=messages.map_tools,
        messages_choice=messages._map_tool_choice,
        messages_schema=messages.map_response_format_to_anthropic_output_format,
        messages_thinking=messages.map_reasoning_effort,
        messages_efforts=REASONING_EFFORT_TO_OUTPUT_CONFIG_EFFORT,
        messages_adapts=messages.is_adaptive_thinking_model,
        messages_limit=messages.get_max_tokens_for_model,
        converse_system=converse._transform_system_message,
        converse_turns=factory._bedrock_converse_messages_pt,
        converse_tools=factory._bedrock_tools_pt,
        converse_choice=converse.map_tool_choice_values,
        converse_schema=converse._create_output_config_for_response_format,
        converse_effort=converse._handle_reasoning_effort_parameter,
        google_system=google.transform_system_message,
        google_turns=google.gemini_convert_messages_with_history,
        google_tools=gemini.map_function,
        google_choice=gemini.map_tool_choice_values,
        google_levels=gemini.is_gemini_3_or_newer,
        google_level=gemini._map_reasoning_effort_to_thinking_level,
        google_budget=gemini._map_reasoning_effort_to_thinking_budget,
        cohere_parameters=CohereV2ChatConfig().map_openai_params,
        watsonx_parameters=IBMWatsonXChatConfig().map_openai_params,
    )
