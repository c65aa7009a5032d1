from __future__ import annotations


def test_a_key_that_is_not_there_is_warned_of(find_in_file):
    (finding,) = find_in_file("ZDR923", key=None)
    assert (finding.level, finding.fix) == ("warning", "set the environment variable EXAMPLE_KEY")


def test_a_key_file_that_is_not_there_is_warned_of(find_in_file, operator, tmp_path):
    operator["accounts"]["main"]["api_key"] = {"file": str(tmp_path / "key")}
    assert [finding.level for finding in find_in_file("ZDR923")] == ["warning"]
    (tmp_path / "key").write_text("secret", encoding="utf-8")
    assert find_in_file("ZDR923") == []


def test_a_hosted_account_that_names_no_key_is_an_error(find_in_file, operator):
    del operator["accounts"]["main"]["api_key"]
    (finding,) = find_in_file("ZDR923")
    assert (finding.level, finding.sentence) == ("error", "it needs a key and names none")


def test_where_no_key_is_asked_for_none_is_missed(find_in_file, operator, configuration):
    configuration["credentials"] = {"auth": "none"}
    del operator["accounts"]["main"]["api_key"]
    assert find_in_file("ZDR923") == []


def test_the_key_is_never_shown(find_in_file):
    assert "another-secret" not in repr(find_in_file("ZDR924", key="another-secret"))
