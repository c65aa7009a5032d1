"""What the pages call each word of the registry, and what they say it means."""

from __future__ import annotations

from typing import Final

from zdr_router.registry import phrases
from zdr_router.registry.phrases import Meaning

FLAGS: Final = phrases.FLAGS
MECHANISMS: Final = phrases.MECHANISMS
MEDIA: Final = phrases.MEDIA
TRIGGERS: Final = phrases.TRIGGERS
WHEN: Final = phrases.WHEN
REVIEW: Final = phrases.REVIEW

WORDS: Final = {
    "no": Meaning("no", "A source says that it does not happen. Only this passes."),
    "yes": Meaning("yes", "A source says that it happens."),
    "unknown": Meaning("unknown", "No source says. What is unknown never passes."),
}

GRADES: Final = {
    "claimed": Meaning("Claimed", "In somebody else's list."),
    "documented": Meaning("Documented", "On the provider's own published page. Nothing shipped is above this."),
    "contracted": Meaning(
        "Contracted",
        "An agreement or setting that the operator states for an account: the grant. Running the server yourself "
        "counts as this.",
    ),
    "verified": Meaning(
        "Verified", "Read from the provider's control plane with the credential in use. No source yet."
    ),
    "enclave": Meaning("Enclave", "Hardware evidence, checked and bound to the channel. No source yet."),
}

FAIL_MODES: Final = {
    "closed": Meaning("fails closed", "Where it cannot be had, the request is an error."),
    "open": Meaning("fails open", "Where it cannot be had, content leaves without it, so it never clears."),
    "unknown": Meaning("fail mode unknown", "Nobody knows what happens where it cannot be had."),
}

CLEARS: Final = {
    "documents": Meaning("On documents", "What is published is enough: no agreement or setting is needed."),
    "grant": Meaning("With a grant", "The account has to hold an agreement or a setting, and the operator states it."),
    "own": Meaning("Run by you", "The operator runs the server and states how."),
    "not_now": Meaning("Not now", "It would clear, but its attestation has lapsed, or does not hold yet."),
    "never": Meaning("Never", "No policy and no account clears it. It is declared so that a refusal can say why."),
}

MARKS: Final = {"no": "\N{EN DASH}", "yes": "●", "unknown": "?"}
"""A sign beside each word of a flag, so that a glance does not rest on colour."""

SCOPES: Final = {
    "service": "service",
    "organization": "organisation",
    "project": "project",
    "workspace": "workspace",
    "subscription": "subscription",
    "region": "region",
    "deployment": "deployment",
    "account": "account",
}

ABILITIES: Final = {
    "stream": "stream",
    "tools": "call tools",
    "json": "answer in JSON",
    "images": "read images",
    "audio": "read audio",
    "files": "read files",
    "logprobs": "give log probabilities",
    "reasoning": "reason first",
}

EVIDENCE: Final = {
    "policy_page": "Policy page",
    "documentation": "Documentation",
    "contract": "Contract",
    "dpa": "Data processing agreement",
    "terms": "Terms",
    "source_code": "Source code",
    "api": "API",
    "inference": "Inference from other claims",
    "secondary": "Secondary source",
    "operator": "Operator's own statement",
}

CREDENTIALS: Final = {
    "own_key": "a key of yours",
    "gateway_managed": "the gateway's key",
    "byok": "a key of yours, deposited at the gateway",
}

LINKS: Final = {
    "privacy": "Privacy policy",
    "terms": "Terms",
    "dpa": "Data processing agreement",
    "subprocessors": "Sub-processors",
    "documentation": "Documentation",
}
