from __future__ import annotations


def test_a_route_without_a_target_that_may_serve_is_an_error(find_in_file, operator):
    del operator["accounts"]["main"]["grant"]
    (finding,) = find_in_file("ZDR927")
    assert (finding.level, finding.subject) == ("error", "route assistant")
    assert finding.sentence == "no target of it may serve anybody (main/m: ZDR301)"
    assert "zdr explain assistant -c " in finding.fix


def test_one_target_that_may_serve_is_enough(find_in_file, operator):
    operator["routes"]["assistant"]["targets"] = ["main/none", "main/m"]
    assert find_in_file("ZDR927") == []


def test_a_route_for_one_tenant_is_right(find_in_file, operator):
    operator["tenants"] = {"acme": {"accounts": ["main"]}, "globex": {}}
    assert find_in_file("ZDR927") == []


def test_a_route_for_embeddings_is_right(find_in_file, operator, configuration):
    configuration["endpoints"] = ["embeddings"]
    operator["routes"]["assistant"]["targets"] = ["main/embedder"]
    assert find_in_file("ZDR927") == []
