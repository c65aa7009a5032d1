"""How litellm has to be set for content to pass through it: nothing fetched, logged, cached, called back or repeated.

Some of it is read from the environment once, when litellm is imported; the rest are attributes of its module, which
anybody in the process can change at any time, so they are looked at again before each use.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_SET: Final = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # otherwise a table of prices is fetched
    "LITELLM_MODE": "PRODUCTION",  # otherwise a .env file is looked for and read
    "LITELLM_RUST": "false",  # memory and logs of native code are beyond Python's reach
    "LITELLM_DISABLE_BUG_REPORT_LINK": "true",
    "MAX_IMAGE_URL_DOWNLOAD_SIZE_MB": "0",  # otherwise media given by address are fetched
    "DEFAULT_MAX_RETRIES": "0",
}
_UNSET: Final = (
    "OPENAI_LOG",
    "LITELLM_LOG",
    "JSON_LOGS",
    "USE_DDTRACE",
    "USE_DDPROFILER",
    "PHOENIX_API_KEY",
    "PHOENIX_COLLECTOR_ENDPOINT",
    "PHOENIX_COLLECTOR_HTTP_ENDPOINT",
    "LITELLM_ENABLE_ANTHROPIC_PROMPT_CACHING",
    "LITELLM_ROUTE_ALL_CHAT_OPENAI_TO_RESPONSES",
    "LITELLM_DROP_PARAMS",
    "LITELLM_MODIFY_PARAMS",
    "LITELLM_MODEL_COST_MAP_URL",
    "LITELLM_ANTHROPIC_BETA_HEADERS_URL",
    "LITELLM_BLOG_POSTS_URL",
)
_ATTRIBUTES: Final = {
    "suppress_debug_info": True,
    "turn_off_message_logging": True,
    "redact_messages_in_exceptions": True,
    "redact_user_api_key_info": True,
    "log_raw_request_response": False,
    "disable_streaming_logging": True,
    "disable_token_counter": True,
    "num_retries": None,
    "model_fallbacks": None,
    "disable_anthropic_gemini_context_caching_transform": True,
}
"""What is set where nobody else loaded litellm. No transformation that is used here reads any of it."""

_HELD: Final = (
    ("set_verbose", False),
    ("drop_params", False),
    ("modify_params", False),
    ("cache", None),
    ("enable_anthropic_prompt_caching", False),
)
"""What has to be so, whoever loaded litellm."""

_CALLBACKS: Final = (
    "callbacks",
    "success_callback",
    "failure_callback",
    "input_callback",
    "service_callback",
    "_async_success_callback",
    "_async_failure_callback",
    "_async_input_callback",
)
_LOGGERS: Final = tuple(map(logging.getLogger, ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")))


@contextmanager
def import_environment() -> Iterator[None]:
    """The environment that litellm is imported in. What the host had set is there again afterwards."""
    before = {name: os.environ.get(name) for name in (*_SET, *_UNSET)}
    try:
        os.environ.update(_SET)
        for name in _UNSET:
            os.environ.pop(name, None)
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def tighten(litellm: ModuleType) -> None:
    """Set everything, on a litellm that was loaded for the router alone."""
    for name, value in (*_ATTRIBUTES.items(), *_HELD):
        setattr(litellm, name, value)
    for name in _CALLBACKS:
        getattr(litellm, name).clear()
    for logger in _LOGGERS:
        logger.setLevel(logging.CRITICAL)


def fault(litellm: ModuleType) -> str:
    """What is not as it has to be, by name, or "". Cheap enough for each request."""
    for name, value in _HELD:
        if getattr(litellm, name, None) != value:
            return f"litellm.{name} is set"
    for name in _CALLBACKS:
        if getattr(litellm, name, None) != []:
            return f"litellm.{name} is not empty"
    for logger in _LOGGERS:
        if logger.isEnabledFor(logging.INFO):
            return f'the logger "{logger.name}" writes more than warnings'
    return ""
