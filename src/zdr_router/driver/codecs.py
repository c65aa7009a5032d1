"""Which dialects this build speaks, and the codecs of those that are not OpenAI's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from zdr_router.dialects.litellm.codecs import WRITTEN, make_codecs
from zdr_router.dialects.litellm.library import load
from zdr_router.dialects.litellm.versions import check_version, installed
from zdr_router.dialects.openai_codec import OPENAI
from zdr_router.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from zdr_router.dialects.base import Codec

_AT_ADDRESSES_OF_ITS_OWN: Final[Mapping[str, Codec]] = {"litellm:azure": OPENAI}
"""Deployments of Azure OpenAI: OpenAI's own members, for which nothing has to be loaded."""


def spoken() -> frozenset[str]:
    """The dialects that requests can be written in. Nothing is imported to find out."""
    always = frozenset({"openai", *_AT_ADDRESSES_OF_ITS_OWN})
    try:
        check_version(installed())
    except ConfigError:
        return always
    return always | WRITTEN


async def load_codecs(dialects: AbstractSet[str]) -> Mapping[str, Codec]:
    """The codecs of these dialects, `openai` aside. litellm is loaded if one needs it: seconds, in a thread.

    Raises `ConfigError` where it is needed and may not be used.
    """
    made = dict(_AT_ADDRESSES_OF_ITS_OWN)
    if not WRITTEN.isdisjoint(dialects):
        made.update(make_codecs(await asyncio.to_thread(load)))
    return {name: codec for name, codec in made.items() if name in dialects}
