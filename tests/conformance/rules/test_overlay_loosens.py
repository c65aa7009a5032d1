from __future__ import annotations

import pytest

OVERLAY = """\
schema: 1
overlay: {{reviewed_by: "A. Reader"{reason}}}
configurations:
  - id: example/zdr
    regions: {regions}
"""


@pytest.fixture
def overlay(tmp_path, operator, configuration):
    configuration["regions"] = ["us"]
    operator["registry"]["overlays"] = ["overlay.yaml"]

    def write(regions, reason=""):
        path = tmp_path / "overlay.yaml"
        path.write_text(OVERLAY.format(regions=regions, reason=reason), encoding="utf-8")
        return path

    return write


def test_an_overlay_that_loosens_is_warned_of_with_its_reason(find_in_file, overlay):
    path = overlay("[eu]", ", unsafe_loosen: annex 7")
    (finding,) = find_in_file("ZDR930")
    assert (finding.level, finding.subject) == ("warning", "example/zdr")
    assert finding.sentence == "an overlay loosens regions: annex 7"
    assert finding.where == f"{path}:4"


def test_an_overlay_that_tightens_is_right(find_in_file, overlay):
    overlay("[]")
    assert find_in_file("ZDR930") == []
