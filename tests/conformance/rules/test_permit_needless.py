from __future__ import annotations

import pytest


@pytest.mark.parametrize("feature", ["function_tools", "streaming"])
def test_a_permit_of_what_is_open_anyway_is_warned_of(find, configuration, line_of, feature):
    configuration["conditions"] = {"permit": ["end_user", feature]}
    (finding,) = find("ZDR943")
    assert (finding.level, finding.where) == ("warning", line_of(f'"{feature}"'))


def test_a_permit_of_what_would_be_refused_is_right(find, configuration):
    configuration["conditions"] = {"permit": ["end_user", "labels", "no-such-feature"]}
    assert find("ZDR943") == []
