"""litellm, loaded once for all tests that need it: it takes seconds."""

from __future__ import annotations

import functools
import warnings

from zdr_router.dialects.litellm.library import Library, load


@functools.cache
def library() -> Library:
    with warnings.catch_warnings():  # its own
        warnings.simplefilter("ignore")
        return load()
