"""The list of mutations is kept with the code: one that no longer applies would notice nothing."""

from __future__ import annotations

import pytest
from mutation import MUTATIONS, ROOT


@pytest.mark.parametrize("file", sorted({mutation.file for mutation in MUTATIONS}))
def test_every_mutation_of_a_file_still_applies_and_changes_it(file):
    text = (ROOT / "src" / "zdr_router" / file).read_text(encoding="utf-8")
    stale = [
        each.old for each in MUTATIONS if each.file == file and (text.count(each.old) != 1 or each.old == each.new)
    ]
    assert stale == []
