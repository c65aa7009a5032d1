"""Decides what the demo plays: six acts over a real model on this machine, each of which checks its own claims."""

from __future__ import annotations

import asyncio
import json
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text

from zdr_router.cli.demo import serving
from zdr_router.cli.demo.contacts import Contacts
from zdr_router.cli.demo.deciding import explain, refuse
from zdr_router.cli.demo.local_model import missing_packages
from zdr_router.cli.demo.looking import look_for_content
from zdr_router.cli.demo.scene import Scene
from zdr_router.cli.demo.stage import LIBRARY_LOG, logged
from zdr_router.cli.demo.world import empty_directory
from zdr_router.errors import ConfigError, RouterError

if TYPE_CHECKING:
    from zdr_router.cli.demo.stage import Stage

ALL_TRUE, NOT_ALL_TRUE, CANNOT_START, INTERRUPTED = 0, 1, 65, 130
"""Exit codes of the demo."""

_CONTENTS: Final = {
    "1": "starts two llama.cpp servers with a small real model",
    "2": "asks who may serve a request: two local targets among six traps",
    "3": "answers a chat and a stream, and keeps two tenants' caches apart",
    "4": "kills the first server; the second answers",
    "5": "shows what a caller gets when no target passes",
    "6": "looks for prompts and answers in everything that was left behind",
}


def run(console: Console, *, as_json: bool, directory: Path | None) -> int:
    """Play the demo on `console` and give the exit code: 0 when everything that it claims came true.

    Its files go to `directory`, which must be empty and is kept, or to a temporary one. With `as_json` the console
    gets one JSON object and nothing else; progress and errors go to standard error.
    """
    aside = Console(stderr=True)
    missing = missing_packages()
    if missing:
        aside.print(
            Text(f"zdr demo needs a model on this machine, and {' and '.join(missing)} cannot be imported."),
            soft_wrap=True,
        )
        aside.print(
            Text("Install the extra: pip install 'zdr-router[local]' (in a checkout: make demo)"), soft_wrap=True
        )
        return CANNOT_START
    scene = Scene(Console(quiet=True), aside) if as_json else Scene(console, console)
    try:
        with tempfile.TemporaryDirectory(prefix="zdr-demo-") as scratch:
            asyncio.run(_play(scene, _folder(directory, Path(scratch)), Path(scratch)))
    except KeyboardInterrupt:
        aside.print(Text("Interrupted; no server is left running."), soft_wrap=True)
        return INTERRUPTED
    except ConfigError as error:
        aside.print(Text(f"zdr demo cannot start: {error}"), soft_wrap=True)
        return CANNOT_START
    except RouterError as error:
        aside.print(Text(f"zdr demo broke off: {error}"), soft_wrap=True)
        return NOT_ALL_TRUE
    if as_json:
        _write_json(console, scene, directory)
    else:
        _close(scene, directory)
    return ALL_TRUE if scene.held else NOT_ALL_TRUE


async def _play(scene: Scene, directory: Path, scratch: Path) -> None:
    _open(scene)
    with Contacts() as contacts:
        with logged(directory / LIBRARY_LOG):
            stage = await _perform(scene, directory, scratch)
        look_for_content(scene, stage, contacts)


async def _perform(scene: Scene, directory: Path, scratch: Path) -> Stage:
    """The acts that need the servers; they are stopped when it is left, however it is left."""
    async with AsyncExitStack() as stack:
        stage = await serving.open_stage(scene, stack, directory, scratch)
        explain(scene, stage)
        await serving.converse(scene, stage)
        await serving.fall_back(scene, stage)
        await refuse(scene, stage)
        return stage


def _folder(directory: Path | None, scratch: Path) -> Path:
    """Where the demo's files go, apart from the weights, so that all of it can be searched."""
    return empty_directory(scratch / "files" if directory is None else directory)


def _open(scene: Scene) -> None:
    scene.console.print(Text("zdr demo", style="bold"), Text("in six acts, on this machine alone"))
    scene.console.print()
    scene.contents(_CONTENTS)


def _close(scene: Scene, directory: Path | None) -> None:
    scene.closing()
    if directory is None:
        scene.console.print(Text("  To keep the files and go on with them: zdr demo --directory DIR"))
    else:
        file = directory / "zdr.yaml"
        scene.console.print(Text(f"  Kept. Go on with: zdr explain assistant --tenant acme -c {file}"), soft_wrap=True)


def _write_json(console: Console, scene: Scene, directory: Path | None) -> None:
    told = {
        "held": scene.held,
        "seconds": round(sum(act.seconds for act in scene.acts), 3),
        "directory": None if directory is None else str(directory.resolve()),
        "acts": [act.as_dict() for act in scene.acts],
    }
    # Not `print_json`, which folds and colours: this is for machines.
    console.file.write(json.dumps(told, indent=2) + "\n")
