from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"basis": "contract"}, "the grant's basis is contract, and the mechanism is project_setting"),
        ({"since": "2027-01-02"}, "the grant counts only from 2027-01-02"),
        ({"scope": {"organization": "o"}}, "the account is not within the organization that the grant names"),
    ],
)
def test_a_grant_that_is_about_something_else_is_an_error(find_in_file, operator, line_of, change, sentence):
    operator["accounts"]["main"]["grant"] |= change
    (finding,) = find_in_file("ZDR932")
    assert (finding.level, finding.sentence) == ("error", sentence)
    (key,) = change
    assert finding.where == line_of(f'"{key}"', "zdr.yaml")


def test_a_mechanism_of_one_project_is_named_on_both_sides(find_in_file, configuration, operator):
    configuration["mechanism"]["scope"] = "project"
    account = operator["accounts"]["main"]
    (finding,) = find_in_file("ZDR932")
    assert finding.sentence == "the mechanism holds for one project, and account and grant do not both name it"
    account["scope"] = {"project": "p"}
    assert len(find_in_file("ZDR932")) == 1
    account["grant"]["scope"] = {"project": "p"}
    assert find_in_file("ZDR932") == []


def test_no_grant_is_another_rules(find_in_file, operator):
    del operator["accounts"]["main"]["grant"]
    assert find_in_file("ZDR932") == []
