from __future__ import annotations

from zdr_router.conformance.formats.document import document


def test_every_finding_and_the_scope_are_there(report):
    value = document(report)
    assert value["findings"][1] == {
        "id": "ZDR901",
        "level": "error",
        "subject": "groq/zdr",
        "sentence": "it expired",
        "fix": "read it again",
        "where": "providers/groq.yaml:42",
    }
    assert value["scope"] == {"providers": 2, "configurations": 3, "accounts": 0, "routes": 0, "rules": 3}
    assert (value["errors"], value["warnings"], value["summary"]) == (3, 3, report.summary)
