from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from zdr_router import AsyncRouter, ConfigError
from zdr_router.cli.demo import world
from zdr_router.config import load

if TYPE_CHECKING:
    from pathlib import Path

    from zdr_router import Explanation

TODAY = dt.datetime.now(dt.UTC).date()
DAYS = (0, 3, 400)  # before the registry was read, nothing is cleared


def router_on(day: dt.date, directory: Path) -> AsyncRouter:
    written = world.write_world(
        directory, today=day, one="http://127.0.0.1:1/v1", two="http://127.0.0.1:2/v1", engine="b11549"
    )
    noon = dt.datetime(day.year, day.month, day.day, 12, tzinfo=dt.UTC).timestamp()
    return AsyncRouter.of(load(written.operator_file, environ={}), clock=lambda: noon)


def rules(explanation: Explanation) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for refusal in explanation.refusals:
        found.setdefault(refusal.target, []).append(refusal.id)
    return found


@pytest.mark.parametrize("days", DAYS)
def test_on_any_day_each_trap_is_refused_for_its_own_reason_alone(days: int, tmp_path: Path):
    explained = router_on(TODAY + dt.timedelta(days), tmp_path).explain(model=world.ROUTE, tenant=world.TENANT)
    found = rules(explained)
    stores = found.pop("openai-plain/gpt-4.1-mini")
    assert set(stores) == {"ZDR201", "ZDR202"}
    assert found == {target: [rule] for target, rule in world.REFUSED.items() if target in found}
    assert len(found) == len(world.REFUSED) - 1


@pytest.mark.parametrize("days", DAYS)
def test_on_any_day_the_two_local_targets_are_cleared_with_their_cache_switched_off(days: int, tmp_path: Path):
    explained = router_on(TODAY + dt.timedelta(days), tmp_path).explain(model=world.ROUTE, tenant=world.TENANT)
    assert [(planned.target, planned.forced) for planned in explained.planned] == [
        (world.ONE, ("cache_prompt",)),
        (world.TWO, ("cache_prompt",)),
    ]


@pytest.mark.parametrize("days", DAYS)
def test_on_any_day_a_request_that_asks_to_be_stored_clears_nothing(days: int, tmp_path: Path):
    router = router_on(TODAY + dt.timedelta(days), tmp_path)
    explained = router.explain(model=world.ROUTE, tenant=world.TENANT, store=True)
    assert explained.planned == ()
    assert all(rules(explained)[target] == [world.VOIDING_RULE] for target in world.CLEARED)


def test_no_two_traps_are_there_for_the_same_reason():
    assert len(set(world.REFUSED.values())) == len(world.REFUSED)


def test_the_hosted_route_names_no_server_on_this_machine(tmp_path: Path):
    route = router_on(TODAY, tmp_path).deployment.routes[world.HOSTED_ROUTE]
    assert tuple(target.id for target in route.targets) == world.HOSTED
    assert all(str(target.base_url).startswith("https://") for target in route.targets)


def test_the_reason_of_each_trap_points_at_a_line_that_is_there(tmp_path: Path):
    explained = router_on(TODAY, tmp_path).explain(model=world.ROUTE, tenant=world.TENANT)
    for refusal in explained.refusals:
        file, _, line = refusal.where.rpartition(":")
        with open(file, encoding="utf-8") as opened:  # noqa: PTH123 - `where` is text
            assert 0 < int(line) <= len(opened.readlines())


def test_keys_of_the_environment_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GROQ_API_KEY", "a-real-one")
    route = router_on(TODAY, tmp_path).deployment.routes[world.HOSTED_ROUTE]
    assert all(target.credential is not None for target in route.targets)
    assert all(target.credential.open().startswith("made-up") for target in route.targets)


def test_a_folder_with_files_in_it_is_not_written_to(tmp_path: Path):
    (tmp_path / "zdr.yaml").write_text("mine")
    with pytest.raises(ConfigError, match="holds files already"):
        world.empty_directory(tmp_path)


def test_a_folder_that_is_a_file_is_an_error_that_says_so(tmp_path: Path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ConfigError, match="cannot be used"):
        world.empty_directory(file)


def test_a_folder_that_is_not_there_is_made(tmp_path: Path):
    assert world.empty_directory(tmp_path / "new" / "one").is_dir()
