"""Which dialects this build speaks, and the codecs of those that are not OpenAI's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from zdr_router.dialects.litellm.versions import check_version
from zdr_router.dialects.openai_codec import OPENAI
from zdr_router.dialects.versions import installed
from zdr_router.errors import ConfigError, Problem
from zdr_router.registry.vocabulary.dialects import DIALECTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.dialects.base import Codec

WRITTEN: Final = frozenset(row.id for row in DIALECTS.values() if row.wire is not None)
"""The dialects that litellm writes. The others have OpenAI's members, at addresses of their own."""


def spoken() -> frozenset[str]:
    """The dialects that requests can be written in. Nothing is imported to find out."""
    always = frozenset({"openai", *DIALECTS}) - WRITTEN
    try:
        check_version(installed())
    except ConfigError:
        return always
    return always | WRITTEN


async def load_codecs(used: Mapping[str, str]) -> Mapping[str, Codec]:
    """The codecs of the dialects in use, `openai` aside. litellm is loaded if one needs it: seconds, in a thread.

    `used` maps a dialect to a place in the operator's file that uses it. Raises `ConfigError`, with that place, where
    litellm is needed and may not be used.
    """
    made = dict.fromkeys(used.keys() & (DIALECTS.keys() - WRITTEN), OPENAI)
    needed = sorted(used.keys() & WRITTEN)
    if needed:
        # Only who has such a target pays for reading even our own part of it.
        from zdr_router.dialects.litellm.codecs import make_codecs  # noqa: PLC0415
        from zdr_router.dialects.litellm.library import load  # noqa: PLC0415

        try:
            codecs = make_codecs(await asyncio.to_thread(load))
        except ConfigError as error:
            raise ConfigError(
                [Problem(each.what, file=used[needed[0]], fix=each.fix) for each in error.problems]
            ) from None
        made.update({name: codecs[name] for name in needed})
    return made
