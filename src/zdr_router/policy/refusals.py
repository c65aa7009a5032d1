"""What every refusal id means, why it is a rule, and what to do about it. Pure data; ids are stable for ever."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Page:
    """One refusal, for people: its title, and a sentence or two on each question."""

    title: str
    means: str
    why: str
    next: str


REFUSALS: Final[Mapping[str, Page]] = MappingProxyType(
    {
        # 1xx: the attestation itself.
        "ZDR101": Page(
            "The attestation expired",
            "The last day on which the registry's reading of the provider's documents was taken to hold has passed.",
            "Terms change without notice, so a statement about them is only as good as its date.",
            "Open each source that `zdr registry show` lists, compare, then renew: `zdr registry renew ID "
            "--reviewed-by NAME -o overlay.yaml`. A newer release of the registry does the same.",
        ),
        "ZDR102": Page(
            "The attestation is dated in the future",
            "`attestation.observed` is a day that has not begun yet (UTC).",
            "Nobody can have read tomorrow's page: either the date or the clock of this machine is wrong.",
            "Correct the date in the file that the refusal names, or set the machine's clock.",
        ),
        "ZDR103": Page(
            "The attestation is older than the policy accepts",
            "It has not expired, but it was observed longer ago than the policy's `max_attestation_age`.",
            "A host or tenant may ask for fresher readings than the registry promises.",
            "Read the sources again and renew with `zdr registry renew`, or raise `max_attestation_age`.",
        ),
        "ZDR104": Page(
            "Revoked",
            "The provider, configuration, account or target was revoked in the trust state.",
            "A revocation has to take effect at once, whatever the files still say.",
            "Find out why it was revoked, and release it there once the reason is gone.",
        ),
        "ZDR105": Page(
            "The trust state cannot be read, or is too old",
            "Nobody can say whether a target was revoked: the state is unreachable, or was last read longer ago than "
            "the policy's `max_revocation_staleness`.",
            "Not knowing of a revocation is no reason to send.",
            "Make the trust state readable again; raise `max_revocation_staleness` only if you can bear the delay.",
        ),
        "ZDR106": Page(
            "The engine's version was not read",
            "The account states an `engine_version` outside the range that the self-operated configuration attests.",
            "Another version may log, cache or save what the attested ones do not.",
            "Run a version inside the range, or read the source of yours and declare it by an overlay.",
        ),
        "ZDR107": Page(
            "The clock is behind",
            "The machine's clock shows an earlier time than one that it has shown before, than the newest reading in "
            "the registry, or than the newest change in the trust state. A second of difference is let pass.",
            "Whether a statement is still in date is a question to the clock: one that goes back makes it valid again.",
            "Set the clock. If it had run ahead and was set right since, restart the router. If a date in the registry "
            "lies in the future, correct it; if the newest change in the trust state does, make another one.",
        ),
        "ZDR108": Page(
            "No longer configured",
            "The configuration was reloaded while the request was under way, and its route, its tenant or this target "
            "of its route is not there any more.",
            "A request obeys what is in force at each of its attempts, not what was in force when it came in.",
            "Nothing, if it was taken out on purpose; the request may be sent again. Else declare it again and reload.",
        ),
        # 2xx: what happens to content.
        "ZDR201": Page(
            'A retention flag is not "no"',
            "On the routine path, on some leg of the way, content is kept, logged, trained on, reviewed or shared, or "
            "nobody says that it is not.",
            'Zero retention means that every flag is "no"; what is unknown counts as yes.',
            "Use the configuration of the same provider that keeps nothing; the fix names the way there where one is "
            "known.",
        ),
        "ZDR202": Page(
            "The prompt cache is more durable than the policy accepts",
            "The provider keeps what it derived from prompts in a medium beyond the policy's `cache`, and requests "
            "cannot switch that off.",
            "A cached prefix is derived from content, and a disk remembers longer than memory does.",
            "Accept the medium under `cache` in the policy if you can, or use a configuration that caches less.",
        ),
        "ZDR203": Page(
            "The cache is shared between tenants",
            "Several tenants reach this account, and nothing keeps the cached prefix of one from speeding up another's "
            "request.",
            "Usage counts and timing then tell one tenant what another one asked.",
            "Give each tenant an account of its own, or set `cache_isolation: none` if your tenants may know.",
        ),
        "ZDR204": Page(
            "An exception is not tolerated",
            "The provider keeps content on a trigger (abuse, screening, errors, legal hold) that this request can set "
            "off, and the policy does not name that trigger.",
            "An exception is retention all the same; whether it is bearable is for the operator to say, by name.",
            "Add the trigger to `tolerate` in the policy if you can; exceptions on images touch no text request.",
        ),
        "ZDR205": Page(
            "People may read what an exception keeps",
            "The exception is tolerated, but what it keeps may be reviewed by people.",
            "Being kept for a machine and being read by a person are different things, so each is asked for.",
            "Set `human_review_within_exceptions: true` in the policy if you can.",
        ),
        # 3xx: the mechanism and the grant.
        "ZDR301": Page(
            "A grant is needed, and there is none",
            "Zero retention is obtained here by a setting, an agreement or by how a server is run, and the account "
            "does not state that it is.",
            "A page says what the provider offers, not what holds for your key.",
            "Arrange what `mechanism.how` says, then state it: `zdr grant ACCOUNT -c zdr.yaml`.",
        ),
        "ZDR302": Page(
            "The grant is of another kind",
            "The grant's `basis` is not the mechanism by which this configuration obtains zero retention.",
            "A contract is no project setting: a grant counts for the thing it states only.",
            "State the grant again with `zdr grant ACCOUNT`, which takes the basis from the configuration.",
        ),
        "ZDR303": Page(
            "The grant is not in force today",
            "Today is before `since` or after `until`, which counts to the end of that day, UTC.",
            "A statement without an end would outlive the agreement behind it.",
            "Confirm that the setting or agreement still stands, then renew it with `zdr grant ACCOUNT`.",
        ),
        "ZDR304": Page(
            "The account lies outside the grant's scope",
            "Grant and account do not name the same project, workspace, subscription, region or other scope, or one of "
            "them names none although the mechanism holds for one only.",
            "A setting of one project says nothing about the project next to it.",
            "Name the same scope under the account's `scope` and the grant's.",
        ),
        "ZDR305": Page(
            "The grant was made for another credential",
            "The grant's `credential` is not the fingerprint of the key in use, or there is no fingerprint at all.",
            "A new key may belong to another project or organisation, for which nothing was stated.",
            "Make sure that the statement holds for the key in use, then `zdr grant ACCOUNT`. "
            "`bind_credentials: false` in the policy drops the rule.",
        ),
        "ZDR306": Page(
            "The mechanism does not fail closed",
            "When the mechanism cannot be had, the provider serves the request anyway, or nobody says that it does "
            "not.",
            "Content would leave without the protection, and nobody would notice.",
            "Use a configuration whose `mechanism.fail_mode` is closed.",
        ),
        "ZDR307": Page(
            "The account belongs to another tenant",
            "A tenant owns the account, and the request is not that tenant's.",
            "Credentials of one tenant serve nobody else, whatever a route says.",
            "Use a route whose targets include an account of your own, or one that no tenant owns.",
        ),
        "ZDR308": Page(
            "The mechanism is not in effect yet",
            "`mechanism.effective_from` lies ahead.",
            "Settings are prospective: what is sent before that day is treated under the old terms.",
            "Wait for that day, or use another configuration until then.",
        ),
        "ZDR309": Page(
            "The credential is not there",
            "The account needs a credential and names none, or an environment variable or file that should hold a part "
            "of it is missing or empty.",
            "Without it nobody can tell whose account it is, so no grant can hold for it.",
            "Set the variable or provide the file that the fix names; a key is never written in `zdr.yaml`.",
        ),
        "ZDR310": Page(
            "No request parameter is forced",
            "The mechanism is a parameter of the request, and `conditions.force` sets none.",
            "A parameter that callers may forget protects nobody.",
            "Declare the parameter under `conditions.force` in the provider file.",
        ),
        # 4xx: how strong the basis is.
        "ZDR401": Page(
            "The basis is weaker than the policy demands",
            "The ladder runs claimed, documented, contracted, verified, enclave; this target stands below the policy's "
            "`minimum_grade`.",
            "How much a statement weighs depends on who made it and for whom.",
            "Hold a grant for the account (`zdr grant ACCOUNT`), which makes it contracted, or lower `minimum_grade`. "
            "Nothing reaches verified yet.",
        ),
        "ZDR402": Page(
            "An answer contradicted the attestation",
            "An answer, a preflight's included, did not show what the configuration says that every answer shows.",
            "One proof that fails outweighs the documents, until somebody has looked.",
            "Find out who served that request, then release the target in the trust state.",
        ),
        # 5xx: the model.
        "ZDR501": Page(
            "The configuration does not serve this model",
            "No entry under `models` has this id or a pattern that matches it.",
            "What is attested is attested for the models that the sources name.",
            "Choose a model that `zdr registry show ID` lists, or declare yours in a provider file of your own.",
        ),
        "ZDR502": Page(
            "The model is excluded",
            "The provider serves the model, and its terms leave it out of this configuration.",
            "Previews, compound systems and searching models often keep or share what the plain models do not.",
            "Choose a model that is covered; the refusal says why this one is not.",
        ),
        "ZDR503": Page(
            "The model is not declared to support what the request uses",
            "The request uses tools, a schema, images, streaming or the like, and `models` does not list the "
            "capability.",
            "A provider that drops a parameter silently answers another request than the one that was asked.",
            "Choose a model that supports it, or leave it out.",
        ),
        "ZDR504": Page(
            "Another company runs the model",
            "The model's `origin` is not hosted, and no leg attests the upstream.",
            "A gateway's promise covers the gateway; the effective fact is the AND over every party on the way.",
            "Choose a model that the provider hosts itself, or a configuration that attests the upstream leg.",
        ),
        # 6xx: the request.
        "ZDR601": Page(
            "The endpoint is not covered",
            "The configuration does not list the endpoint that the request is for.",
            "Retention differs from endpoint to endpoint of the same provider.",
            "Use an endpoint that is covered, or a target whose configuration covers this one.",
        ),
        "ZDR602": Page(
            "The request has something unknown in it",
            "A parameter, tool type, content part or header is not in the vocabulary; the sentence gives its place.",
            "What nobody has classified may store, share or name, and dropping it silently would change the request.",
            "Leave it out, or correct the spelling.",
        ),
        "ZDR603": Page(
            "The request uses a feature that the configuration does not permit",
            "The feature keeps, shares, identifies or caches, and `conditions.permit` does not name it.",
            "Zero retention of a plain answer says nothing about a file store or a web search beside it.",
            "Leave the feature out, or use a configuration that permits it.",
        ),
        "ZDR604": Page(
            "The request does what voids zero retention here",
            "A rule under `conditions.forbid` matches the request as it would leave.",
            "The provider's own terms say that this combination is kept.",
            "Leave the parameter out or give it another value, as the fix says.",
        ),
        "ZDR605": Page(
            "A value is not one of those attested",
            "`conditions.allow` lists the values for which the statement holds, and the request has another one.",
            "Values that did not exist when the sources were read are covered by nothing.",
            "Use one of the values that the fix lists.",
        ),
        "ZDR606": Page(
            "The request sets what the router sets",
            "A parameter is forced, or keeps tenants apart, and the request gives it another value.",
            "Requests only tighten: overriding what zero retention rests on would undo it.",
            "Leave the parameter out.",
        ),
        "ZDR607": Page(
            "The wire format cannot carry it",
            "The request has something that the configuration's `dialect` has no form for, or the dialect needs "
            "something that the account does not say; the sentence names it.",
            "Translating a request and leaving something out would answer another question than was asked.",
            "Leave it out, or use a target whose configuration speaks openai.",
        ),
        "ZDR608": Page(
            "The policy lets no such identifier leave",
            "The configuration permits that a request names a user or carries labels, and the policy in force does "
            "not: `identifiers` is `refuse`, or the request has `metadata`.",
            "A lasting identifier makes a person recognisable at the provider, across requests and beyond them.",
            "Leave `user` and `safety_identifier` out, or set `identifiers: pseudonym`, which sends a keyed hash "
            "instead. Leave `metadata` out: it is refused always.",
        ),
        # 7xx: where it goes.
        "ZDR701": Page(
            "The host is not one that is attested",
            "The account's `base_url` is none of the configuration's hosts, or several are possible and none is named.",
            "The statement is about certain hosts; another address may be another service.",
            "Use one of the hosts that `zdr registry show ID` lists.",
        ),
        "ZDR702": Page(
            "It processes outside the policy's regions",
            "Some region of the configuration or account is not among the policy's `regions`, or nobody knows where.",
            "Where content is processed decides whose law reaches it.",
            "Use a configuration or account inside the regions, or widen `regions` if you may.",
        ),
        "ZDR703": Page(
            "The operator's country is not one that the policy accepts",
            "The legal entity behind the provider sits in a country that is not among the policy's `countries`.",
            "A company can be ordered by its own courts to keep or hand over what it processes anywhere.",
            "Use a provider from one of the countries.",
        ),
        "ZDR704": Page(
            "The address is not fit for content",
            "The account's `base_url` is not plain https (or http on loopback), or carries credentials, a query or "
            "escapes.",
            "An address that can be read two ways may lead somewhere else, and http can be read on the way.",
            "Mend `base_url`; `private_network: true` in the configuration allows http on a network that you own.",
        ),
        "ZDR705": Page(
            "This build does not speak the dialect",
            "The configuration's `dialect` is a wire format for which no codec is installed.",
            "A request in the wrong format could carry content to where nothing checks it.",
            "Install `zdr-router[litellm]` if the dialect is one that this release writes, or use a configuration that "
            "speaks openai.",
        ),
        "ZDR706": Page(
            "The policy rules the provider out",
            "The policy's `providers` does not list it under `only`, or lists it under `never`.",
            "An operator may exclude a provider for reasons that no registry knows.",
            "Change `providers` in the policy, if you may.",
        ),
        # 8xx: the request's own preferences.
        "ZDR801": Page(
            "The request asks for other providers only",
            "`provider.only` in the request names neither this provider nor its configuration or target.",
            "Preferences of a request narrow, and are kept.",
            "Widen `provider.only`.",
        ),
        "ZDR802": Page(
            "The request asks to ignore it",
            "`provider.ignore` in the request names this provider, configuration or target.",
            "Preferences of a request narrow, and are kept.",
            "Narrow `provider.ignore`.",
        ),
        "ZDR803": Page(
            "It costs more than the request accepts",
            "The price of the model is above `provider.max_price`, or nobody declared one.",
            "A limit that unknown prices pass would limit nothing.",
            "Raise `provider.max_price`, or declare the price in a provider file.",
        ),
        "ZDR804": Page(
            "It processes outside the regions that the request asks for",
            "Some region of the target is not among `provider.regions`, or nobody knows where it processes.",
            "A request may be stricter than policy, and unknown is no.",
            "Widen `provider.regions`, or use a target inside them.",
        ),
    }
)
"""By id. The hundreds follow the order in which a target is judged; 9xx are the rules of `zdr check`."""
