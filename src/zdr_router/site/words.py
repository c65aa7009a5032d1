"""What the pages call each word of the registry, and what they say it means."""

from __future__ import annotations

from typing import Final, NamedTuple


class Meaning(NamedTuple):
    """A word as a heading, and in one sentence."""

    name: str
    says: str


FLAGS: Final = {
    "stores_prompts": Meaning("Stores prompts", "What was sent is kept after the answer."),
    "stores_outputs": Meaning("Stores outputs", "What was answered is kept after the answer."),
    "logs_content": Meaning("Logs content", "Prompts or answers appear in logs."),
    "trains_on_content": Meaning("Trains on content", "Content may be used to train or to improve models."),
    "human_review": Meaning("Human review", "People may read content as a matter of routine."),
    "shares_or_sells": Meaning("Shares or sells", "Content goes to advertising, resale or publication."),
}

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

MECHANISMS: Final = {
    "default": Meaning("Default", "The service is like this for everybody."),
    "request_parameter": Meaning("Request parameter", "Each request asks for it, and the router makes sure of that."),
    "org_setting": Meaning("Organisation setting", "A setting of the organisation, which a grant has to state."),
    "project_setting": Meaning("Project setting", "A setting of one project, which a grant has to state and name."),
    "contract": Meaning("Contract", "An agreement with the provider, which a grant has to state."),
    "gateway_agreement": Meaning("Gateway agreement", "An agreement of the gateway's, which a grant has to state."),
    "self_operated": Meaning("Self-operated", "The operator runs the server, and a grant states how."),
    "enclave": Meaning("Enclave", "The hardware keeps content from whoever runs it; a grant has to state it."),
}

FAIL_MODES: Final = {
    "closed": Meaning("fails closed", "Where it cannot be had, the request is an error."),
    "open": Meaning("fails open", "Where it cannot be had, content leaves without it, so it never clears."),
    "unknown": Meaning("fail mode unknown", "Nobody knows what happens where it cannot be had."),
}

MEDIA: Final = {
    "none": Meaning("None", "Nothing is kept of a prompt to speed up the next."),
    "gpu_memory": Meaning("GPU memory", "Prefixes stay in the memory of the accelerator."),
    "host_memory": Meaning("Host memory", "Prefixes stay in the memory of a server."),
    "local_encrypted": Meaning("Local, encrypted", "Prefixes lie encrypted on a disk of the server."),
    "disk": Meaning("Disk", "Prefixes lie on a disk."),
    "unknown": Meaning("Unknown", "Nobody knows where prefixes stay; no policy can accept that."),
}

TRIGGERS: Final = {
    "abuse_flag": Meaning("Abuse flag", "Content is kept once a filter takes it for abuse."),
    "csam_screening": Meaning("CSAM screening", "Content is screened for child abuse, and what is found is reported."),
    "safety_retention": Meaning("Safety retention", "Content is kept for a safety programme of the provider."),
    "error_debug": Meaning("Error debugging", "Content is kept when something fails."),
    "sampling": Meaning("Sampling", "A few requests are picked out and looked at."),
    "legal_hold": Meaning("Legal hold", "Content is kept because a court or an authority says so."),
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
