from __future__ import annotations


def of(gathered, name):
    return next(each for each in gathered.services if each.configuration.id == name)


def test_only_what_routes_use_is_a_service(gathered):
    assert [each.configuration.id for each in gathered("strict").services] == ["example/agreed", "example/own"]


def test_the_grade_is_that_of_the_grant_where_one_is_needed(gathered):
    strict, claimed = gathered("strict"), gathered("claimed")
    assert {each.configuration.id: each.grade for each in (*strict.services, *claimed.services)} == {
        "example/agreed": "contracted",
        "example/own": "contracted",
        "example/listed": "claimed",
    }


def test_of_several_grants_the_days_count_that_all_of_them_cover(gathered):
    second = """\
  hidden-too:
    configuration: example/agreed
    grant: {basis: contract, stated_by: "Jane Doe", since: 2026-11-20, until: 2027-03-31}
  hidden-cached:"""
    found = gathered(
        "strict", ("  hidden-cached:", second), ("[hidden-agreed/large,", "[hidden-too/large, hidden-agreed/large,")
    )
    window = of(found, "example/agreed").window
    assert (str(window.since), str(window.until)) == ("2026-11-20", "2027-01-31")


def test_a_kind_of_request_that_is_refused_there_is_not_an_exception(gathered):
    found = of(gathered("tolerant"), "example/cached")
    assert [each.trigger for each in found.exceptions] == ["csam_screening"]
    assert [each.when for each in found.unsent] == ["images"]


def test_what_one_tenant_tolerates_may_happen(gathered):
    tolerating = ("acme: {}", "acme: {policy: {tolerate: [csam_screening]}}")
    open_host = (
        "tolerate: [csam_screening]}",
        "tolerate: [csam_screening, abuse_flag], human_review_within_exceptions: true}",
    )
    found = of(gathered("tolerant", open_host, tolerating), "example/cached")
    assert {each.trigger for each in found.exceptions} == {"csam_screening", "abuse_flag"}
    assert found.unsent == ()


def test_a_cache_that_the_router_switches_off_is_off(gathered):
    assert of(gathered("strict"), "example/own").caching.off
    accepting = ("policy: {minimum_grade: contracted}", "policy: {minimum_grade: contracted, cache: host_memory}")
    assert not of(gathered("strict", accepting), "example/own").caching.off


def test_a_target_that_may_serve_nobody_is_a_reason_to_say_nothing(gathered):
    found = gathered(
        "strict", ("policy: {minimum_grade: contracted}", "policy: {minimum_grade: contracted, regions: [us]}")
    )
    assert {each.id for each in found.refusals} == {"ZDR702"}
    assert {each.target for each in found.refusals} == {"hidden-agreed/large", "hidden-own/small"}


def test_a_tenants_own_account_is_no_matter_of_another_tenant(gathered):
    owned = ("tenants: {acme: {}, ", "tenants: {acme: {accounts: [hidden-own]}, ")
    routed = ("[hidden-cached/large]", "[hidden-cached/large, hidden-own/small]")
    everybody = gathered("tolerant", owned, routed)
    assert (len(everybody.services), everybody.refusals) == (2, ())
    globex = gathered("tolerant", owned, routed, tenant="globex")
    assert [each.configuration.id for each in globex.services] == ["example/cached"]
    assert globex.refusals == ()


def test_a_stricter_tenant_is_told_of_what_may_serve_it_alone(gathered):
    strict = ("globex: {policy: {minimum_grade: documented}}", "globex: {policy: {regions: [eu]}}")
    assert gathered("tolerant", strict).refusals == ()
    assert {each.id for each in gathered("tolerant", strict, tenant="globex").refusals} == {"ZDR702"}


def test_credentials_that_are_not_here_are_counted(gathered):
    needs = (
        "credentials: {auth: none}\n    endpoints: [chat.completions]\n    regions: [eu]",
        "endpoints: [chat.completions]\n    regions: [eu]",
    )
    keyed = ("    configuration: example/agreed\n", "    configuration: example/agreed\n    api_key: {env: NOT_HERE}\n")
    open_policy = (
        "policy: {minimum_grade: contracted}",
        "policy: {minimum_grade: contracted, bind_credentials: false}",
    )
    assert gathered("strict", needs, keyed, open_policy).unseen == 1
    assert gathered("strict").unseen == 0
