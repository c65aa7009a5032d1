"""A secret is written in a file.

Files are copied, committed and shown; whoever reads one then holds the key. A literal `api_key` cannot even be loaded
(ZDR900); this looks for what keys of known providers, private keys and passwords in addresses look like, anywhere in
the files that were read, comments included. What was found is not repeated. Error.

Revoke it, since it may have been read, and give `{env: NAME}` or `{file: PATH}` instead.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR917"

_DIGIT: Final = r"(?=[A-Za-z0-9+/_=-]*[0-9])"
"""Names are words; keys have a digit somewhere."""

LOOKS: Final = {
    "an API key": rf"\b((sk|rk|glpat|nvapi)-{_DIGIT}[A-Za-z0-9_-]{{20}}|(xai|pplx|csk)-{_DIGIT}[A-Za-z0-9]{{20}}"
    rf"|(gsk|hf|fw|r8|tgp_v1|gh[pousr])_{_DIGIT}[A-Za-z0-9]{{20}})",
    "a Google API key": r"\bAIza[0-9A-Za-z_-]{35}",
    "an AWS access key": r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "a signed token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a password in an address": r"\b[a-z][a-z0-9+.-]*://[^\s/@:]+:[^\s/@]+@",
    "a secret": r"(?i)\b((api|access)[_-]?key|secret|password|token)[\"']?\s*[:=]\s*[\"']?"
    rf"{_DIGIT}[A-Za-z0-9+/_=-]{{24}}",
}
_LOOKS: Final = {name: re.compile(pattern) for name, pattern in LOOKS.items()}


class SecretWritten:
    """No file holds a secret."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each line that seems to hold one."""
        for file in subject.files:
            text = ""
            with contextlib.suppress(OSError):  # it was there when it was loaded; what is gone holds no secret
                text = Path(file).read_text(encoding="utf-8", errors="replace")
            for number, line in enumerate(text.split("\n"), 1):
                kind = next((name for name, look in _LOOKS.items() if look.search(line)), None)
                if kind is not None:
                    sentence = f"what looks like {kind} is written in the file"
                    fix = "revoke it, and give {env: NAME} or {file: PATH} instead"
                    yield Finding(ID, "error", Path(file).name, sentence, fix, f"{file}:{number}")


RULE = SecretWritten()
