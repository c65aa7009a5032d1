"""The last act: whether any of the content is in anything that was logged, stored, recorded or raised."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from zdr_router.cli.demo import world
from zdr_router.cli.demo.search import Report, files_under, forms, planted, search
from zdr_router.cli.demo.stage import JOURNAL, LIBRARY_LOG, LONG, SERVER_LOGS, SHORT

if TYPE_CHECKING:
    from zdr_router.cli.demo.contacts import Contacts
    from zdr_router.cli.demo.scene import Act, Scene
    from zdr_router.cli.demo.stage import Stage

CONTROL: Final = "A heron stood by the weir, counting."
"""Planted where everything else is searched, to show that the search finds what is there."""

_CONTROL_FILE: Final = "control.bin"


def look_for_content(scene: Scene, stage: Stage, contacts: Contacts) -> None:
    """Search everything that the demo left behind, after the servers have stopped and the files are closed."""
    with scene.act(6, "Is any of it left behind?") as act:
        directory = stage.world.directory
        with scene.waiting("searching"):
            (directory / _CONTROL_FILE).write_bytes(planted(CONTROL))
            files = files_under(directory)
            (directory / _CONTROL_FILE).unlink()
            control = search(files, [CONTROL])
            del files[_CONTROL_FILE]
            sources = files | {f"text: {name}": text.encode() for name, text in stage.traces.items()}
            report = search(sources, [SHORT, LONG, *stage.answers])
        _show(act, report, files, stage)
        act.check(
            "the library, the journal and both servers did write something",
            held=all(files.get(name) for name in (LIBRARY_LOG, JOURNAL, *SERVER_LOGS)),
        )
        _check_control(act, control)
        act.check(f"findings of prompts and answers: {len(report.findings)}", held=not report.findings)
        for finding in report.findings:
            act.say(f"found in {finding.source}, {finding.form}", "red")
        _check_contacts(act, stage, contacts)
        act.facts["searched"] = {
            "files": sorted(files),
            "texts": sorted(stage.traces),
            "bytes": report.size,
            "pieces": report.pieces,
            "forms": list(report.forms),
        }
        act.facts["findings"] = [{"source": each.source, "form": each.form} for each in report.findings]
        act.facts["control"] = {"planted": sorted(forms(CONTROL)), "found": sorted(_found(control))}
        act.summary = f"{len(report.findings)} findings in {report.sources} places; the planted control was found"


def _show(act: Act, report: Report, files: dict[str, bytes], stage: Stage) -> None:
    shown = ", ".join((LIBRARY_LOG, JOURNAL, *SERVER_LOGS))
    others = len(files) - len({LIBRARY_LOG, JOURNAL, *SERVER_LOGS})
    act.pairs(
        {
            "looked for": f"two prompts and {len(stage.answers)} answers, as {report.pieces} pieces of 16 characters",
            "in forms": ", ".join(report.forms),
            "in files": f"{len(files)}: {shown} (the library at DEBUG) and {others} more in {stage.world.directory}",
            "in texts": f"{len(stage.traces)}: {', '.join(stage.traces)} (errors with their frames' local variables)",
            "in all": f"{report.size:,} bytes",
        }
    )
    act.say("Not searched: the memory of processes, this terminal, and the weights.", "dim")
    act.gap()


def _found(control: Report) -> set[str]:
    return {finding.form for finding in control.findings if finding.source == _CONTROL_FILE}


def _check_control(act: Act, control: Report) -> None:
    planted_in, found = set(forms(CONTROL)), _found(control)
    act.check(
        f"a control, planted in a file, was found in {len(found)} of {len(planted_in)} forms", held=found == planted_in
    )


def _check_contacts(act: Act, stage: Stage, contacts: Contacts) -> None:
    lines = stage.journal.path.read_text(encoding="utf-8").splitlines()
    records: list[dict[str, Any]] = [json.loads(line) for line in lines]
    asked = [attempt["target"] for record in records for attempt in record["attempts"]]
    act.check(
        f"the journal has {len(records)} requests and {len(asked)} attempts, all at cleared targets",
        held=bool(asked) and set(asked) == set(world.CLEARED),
    )
    act.check(
        f"this process opened {len(contacts.hosts)} connections, {len(contacts.beyond)} of them beyond this machine",
        held=bool(contacts.hosts) and not contacts.beyond,
    )
    act.facts["journal"] = {"requests": len(records), "attempts": asked}
    act.facts["connections"] = {"all": len(contacts.hosts), "beyond_this_machine": list(contacts.beyond)}
