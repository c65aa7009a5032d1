"""What people are told of each word of the registry: one phrase for one fact, on the pages and in statements alike.

Operators type the words themselves, so what speaks to them (`zdr explain`, `registry show`) quotes those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zdr_router.registry.facts import MechanismKind, Trigger, When, Word
    from zdr_router.registry.ladders import Medium


class Meaning(NamedTuple):
    """A word as a heading, and in one sentence."""

    name: str
    says: str


class Flag(NamedTuple):
    """A flag as a heading, in one sentence, as what is done (`it does`), and as what is not, in a list of those."""

    name: str
    says: str
    does: str
    undone: str


class Cache(NamedTuple):
    """A medium as a heading, and where that is."""

    name: str
    place: str

    @property
    def says(self) -> str:
        """What is kept there, in one sentence."""
        return f"{STAYS} {self.place}." if self.place else CACHES_NOTHING


class Cause(NamedTuple):
    """A trigger as a heading, and after `if`."""

    name: str
    if_: str

    @property
    def says(self) -> str:
        """What may happen then, in one sentence."""
        return f"Content may be kept if {self.if_}."


FLAGS: Final[Mapping[str, Flag]] = {
    "stores_prompts": Flag(
        "Stores prompts", "What was sent is kept after the answer.", "stores prompts", "prompts are not stored"
    ),
    "stores_outputs": Flag(
        "Stores outputs", "What was answered is kept after the answer.", "stores outputs", "answers are not stored"
    ),
    "logs_content": Flag(
        "Logs content", "Prompts or answers appear in logs.", "logs content", "neither is written to logs"
    ),
    "trains_on_content": Flag(
        "Trains on content",
        "Content may be used to train or to improve models.",
        "trains on content",
        "neither is used for training",
    ),
    "human_review": Flag(
        "Human review",
        "People may read content as a matter of routine.",
        "lets people read content",
        "nobody reads them",
    ),
    "shares_or_sells": Flag(
        "Shares or sells",
        "Content goes to advertising, resale or publication.",
        "shares or sells content",
        "they are not passed on for advertising, resale or publication",
    ),
}

STAYS: Final = "To speed up later requests, parts of a prompt may stay in"
CACHES_NOTHING: Final = "Nothing of a prompt is cached."

MEDIA: Final[Mapping[Medium, Cache]] = {
    "none": Cache("None", ""),
    "gpu_memory": Cache("GPU memory", "the memory of the processors that run the model"),
    "host_memory": Cache("Host memory", "the main memory of the servers"),
    "local_encrypted": Cache("Local, encrypted", "encrypted storage of the servers"),
    "disk": Cache("Disk", "disk storage"),
    "unknown": Cache("Unknown", "a place that is not stated"),
}

TRIGGERS: Final[Mapping[Trigger, Cause]] = {
    "abuse_flag": Cause("Abuse flag", "a request is flagged as possible abuse"),
    "csam_screening": Cause("CSAM screening", "screening finds what may be sexual abuse of children"),
    "safety_retention": Cause("Safety retention", "a safety programme of the provider covers it, flagged or not"),
    "error_debug": Cause("Error debugging", "a request fails and is looked into"),
    "sampling": Cause("Sampling", "a request falls into a sample that is taken"),
    "legal_hold": Cause("Legal hold", "a law or an order obliges the provider to keep it"),
}

WHEN: Final[Mapping[When, str]] = {
    "all": "any request",
    "images": "requests with images",
    "files": "requests with files",
    "audio": "requests with audio",
    "video": "requests with video",
}
"""Which requests can set an exception off."""

REVIEW: Final[Mapping[Word, str]] = {
    "yes": "people may read what is kept",
    "no": "nobody reads what is kept",
    "unknown": "whether people read what is kept is not stated",
}
"""By what an exception says of `human_review`."""

MECHANISMS: Final[Mapping[MechanismKind, Meaning]] = {
    "default": Meaning("Default", "It holds for everybody who uses the service in this way."),
    "request_parameter": Meaning(
        "Request parameter", "It holds for requests that ask for it, and every request that is sent there does."
    ),
    "org_setting": Meaning("Organisation setting", "It holds for organisations with a certain setting."),
    "project_setting": Meaning("Project setting", "It holds for projects with a certain setting."),
    "contract": Meaning("Contract", "It holds under an agreement with the provider."),
    "gateway_agreement": Meaning("Gateway agreement", "It holds under an agreement about what passes the gateway."),
    "self_operated": Meaning(
        "Self-operated", "It holds for a server of one's own, in the versions and with the settings that were read."
    ),
    "enclave": Meaning(
        "Enclave", "It rests on hardware that shows what it runs and keeps content from whoever operates it."
    ),
}


def listed(parts: Sequence[str], last: str = "and") -> str:
    """`parts` in a sentence; nothing for none."""
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}" if len(parts) > 1 else "".join(parts)


def sentence(text: str) -> str:
    """`text` with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def inside(name: str) -> str:
    """A heading in the middle of a sentence; an acronym stays one."""
    return name if name[:2].isupper() else name[:1].lower() + name[1:]
