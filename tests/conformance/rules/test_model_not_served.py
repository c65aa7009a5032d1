from __future__ import annotations


def test_a_model_that_is_not_listed_is_an_error_at_its_target(find_in_file, operator, line_of):
    operator["routes"]["assistant"]["targets"] = ["main/m", "main/other"]
    (finding,) = find_in_file("ZDR928")
    assert (finding.level, finding.subject) == ("error", "route assistant")
    assert finding.sentence == "main/other: example/zdr does not serve this model"
    assert finding.where == line_of('"main/other"', "zdr.yaml")


def test_a_model_that_is_excluded_is_an_error_with_the_reason(find_in_file, configuration):
    configuration["excluded_models"] = [{"matches": "^m$", "why": "a preview"}]
    (finding,) = find_in_file("ZDR928")
    assert finding.sentence == "main/m: example/zdr excludes this model (a preview)"


def test_models_that_are_served_are_right(find_in_file, configuration, operator):
    configuration["models"].append({"pattern": "^big-"})
    operator["routes"]["assistant"]["targets"] = ["main/m", "main/big-one"]
    assert find_in_file("ZDR928") == []


def test_a_registry_has_no_targets(find):
    assert find("ZDR928") == []
