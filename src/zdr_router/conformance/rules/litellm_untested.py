"""litellm is outside the range that was tested.

Dialects other than openai are spoken through its transformations, which change from one minor version to the next: what
was read in one may send content elsewhere in another. Some releases are known to be malicious or reported so, and of
those it is told whether any account needs litellm or not. Error for such a release, warning for any other version
outside the range and where it is needed and not installed.

Install the version that `zdr check` names. After a malicious release, treat every secret of the machine as read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.conformance.grants import accounts
from zdr_router.dialects.versions import LITELLM_BAD, LITELLM_TESTED, installed, was_tested

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR931"


class LitellmUntested:
    """The litellm that is installed is one that was tested."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for a bad release, or one for each account whose dialect is not spoken by a tested one."""
        version = installed()
        if subject.operator is not None and version is not None and version in LITELLM_BAD:
            sentence = f"litellm {version} is installed: {LITELLM_BAD[version]}"
            fix = f'treat the secrets of this machine as read, then pip install "litellm{LITELLM_TESTED}"'
            yield Finding(ID, "error", "litellm", sentence, fix, subject.operator.where("accounts"))
            return
        if was_tested(version):
            return
        for operator, name, _ in accounts(subject.operator):
            dialect = operator.configuration(name).dialect
            if dialect.startswith("litellm:"):
                has = "is not installed" if version is None else f"{version} was not tested"
                sentence = f"its dialect is {dialect}, and litellm {has}"
                fix = f'pip install "litellm{LITELLM_TESTED}"'
                yield Finding(ID, "warning", f"account {name}", sentence, fix, operator.where("accounts", name))


RULE = LitellmUntested()
