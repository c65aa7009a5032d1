"""`zdr registry`: what is declared, as a list and one configuration in full."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from zdr_router.cli import yaml_edit
from zdr_router.cli.exits import Fault
from zdr_router.cli.options import AsJson, MaybeConfigPath, Providers
from zdr_router.cli.output import Output
from zdr_router.entries import ConfigFile
from zdr_router.registry import Configuration, Registry, shipped_directory
from zdr_router.registry.ladders import FLAGS
from zdr_router.registry.strict_yaml import read

app = typer.Typer(
    name="registry",
    help="What is declared: list it, show one configuration, renew an attestation.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_LETTERS: Final = {"no": "-", "yes": "y", "unknown": "?"}
Named = Annotated[str, typer.Argument(metavar="ID", help="A configuration, for instance groq/zdr.")]


@app.command("list")
def list_(
    *,
    config: MaybeConfigPath = None,
    providers: Providers = None,
    flag: Annotated[
        list[str] | None,
        typer.Option(
            "--flag",
            metavar="NAME[=WORD]",
            help="Only configurations whose flag has this word: no (the default), yes or unknown. May be repeated.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List every configuration that is declared.

    The column `flags` has one character for each flag, in the order stores_prompts, stores_outputs, logs_content,
    trains_on_content, human_review, shares_or_sells: "-" no, "y" yes, "?" unknown. A configuration serves only where
    all are "-", on every leg.
    """
    output, registry = Output(as_json=as_json), Registry.load(*sources(config, providers))
    wanted = [_wanted(each) for each in flag or ()]
    shown = [
        each
        for each in registry.configurations.values()
        if all(getattr(each.flags, name) == word for name, word in wanted)
    ]
    if as_json:
        output.json([_brief(registry, each) for each in shown])
        return
    columns = ("configuration", "mechanism", "flags", "cache", "grade", "expires")
    output.table(columns, (list(map(str, _row(each))) for each in shown))


@app.command()
def show(name: Named, *, config: MaybeConfigPath = None, providers: Providers = None, as_json: AsJson = False) -> None:
    """Show everything that is declared of a configuration: facts, conditions, models, and evidence to read again."""
    output, registry = Output(as_json=as_json), Registry.load(*sources(config, providers))
    configuration = find(registry, name)
    if as_json:
        declared = configuration.model_dump(mode="json", by_alias=True)
        output.json({**_brief(registry, configuration), "declared": declared})
        return
    provider = registry.providers[configuration.provider]
    output.line(f"{configuration.id}: {configuration.title}", "bold")
    links = provider.links.model_dump(exclude_none=True)
    who = [("provider", f"{provider.name}, {provider.legal_entity}, {provider.country}"), *links.items()]
    output.facts([*who, *_facts(registry, configuration)])
    output.line("evidence", "bold")
    for evidence in configuration.attestation.evidence:
        output.line(f"  {evidence.url or evidence.kind}")
        output.line(f"    {evidence.locator} ({evidence.kind}, {evidence.observed}, confidence {evidence.confidence})")
    for conflict in configuration.attestation.conflicts:
        output.line(f"  conflict: {conflict.says} ({conflict.url or 'no address'}, {conflict.observed})")


def sources(config: Path | None, providers: list[Path] | None) -> tuple[list[Path], list[Path]]:
    """The provider files and the overlays that a command works on."""
    if providers:
        if config is not None:
            raise Fault("-c and --providers are both given", fix="keep one of them")
        return providers, []
    if config is None:
        return [shipped_directory()], []
    sources = read(config).validate(ConfigFile).registry
    own = [config.parent / path for path in sources.providers]
    overlays = [config.parent / path for path in sources.overlays]
    return [*([shipped_directory()] if sources.shipped else []), *own], overlays


def find(registry: Registry, name: str) -> Configuration:
    """The configuration of that name, or a fault for people."""
    configuration = registry.configurations.get(name)
    if configuration is None:
        raise Fault("there is no such configuration", fix="`zdr registry list` shows those that there are")
    return configuration


def _wanted(flag: str) -> tuple[str, str]:
    name, _, word = flag.partition("=")
    word = word or "no"
    if name not in FLAGS or word not in _LETTERS:
        raise Fault(
            "a --flag is not a flag with one of its words", fix=f"one of {', '.join(FLAGS)}; =no, =yes or =unknown"
        )
    return name, word


def _row(configuration: Configuration) -> tuple[object, ...]:
    flags = "".join(_LETTERS[getattr(configuration.flags, name)] for name in FLAGS)
    legs = "".join(
        f" {leg.leg}:" + "".join(_LETTERS[getattr(leg.flags, name)] for name in FLAGS) for leg in configuration.legs
    )
    attestation = configuration.attestation
    expires = attestation.expires or (configuration.engine and configuration.engine.versions) or ""
    kind, medium = configuration.mechanism.kind, configuration.cache.medium
    return configuration.id, kind, flags + legs, medium, attestation.grade, expires


def _brief(registry: Registry, configuration: Configuration) -> dict[str, object]:
    attestation = configuration.attestation
    return {
        "configuration": configuration.id,
        "title": configuration.title,
        "mechanism": configuration.mechanism.kind,
        "flags": configuration.flags.model_dump(),
        "legs": {leg.leg: leg.flags.model_dump() for leg in configuration.legs},
        "cache": configuration.cache.medium,
        "grade": attestation.grade,
        "observed": attestation.observed,
        "expires": attestation.expires,
        "digest": registry.digests[configuration.id],
        "where": registry.sources[configuration.id].at("id"),
        "unsafe": registry.unsafe.get(configuration.id),
    }


def _facts(registry: Registry, configuration: Configuration) -> list[tuple[str, str]]:
    """Every declared part on a line, as YAML would say it, with what is left at its default left out."""
    declared = configuration.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    attestation = declared.pop("attestation")
    for name in ("id", "title"):
        declared.pop(name)
    for name in ("evidence", "conflicts"):
        attestation.pop(name, None)
    facts = [(name, yaml_edit.flow(value)) for name, value in declared.items() if name != "models"]
    facts += [("model", yaml_edit.flow(model)) for model in declared.get("models", [])]
    facts.append(("attestation", yaml_edit.flow(attestation)))
    facts.append(("digest", registry.digests[configuration.id]))
    facts.append(("where", registry.sources[configuration.id].at("id")))
    facts.append(("unsafe", registry.unsafe.get(configuration.id, "")))
    return facts
