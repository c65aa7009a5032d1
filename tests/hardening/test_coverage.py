from zdr_router.hardening.coverage import coverage


def test_it_says_what_is_covered_and_what_is_not(monkeypatch):
    monkeypatch.setattr("zdr_router.hardening.coverage.is_glibc", lambda: True)
    holds = {each.where: each.holds for each in coverage({})}
    assert holds["freed memory of Python and C code"] == "covered"
    assert holds["buffers of OpenSSL"] == "not covered"
    assert set(holds.values()) <= {"covered", "not covered", "see to it"}


def test_elsewhere_than_on_glibc_next_to_nothing_is(monkeypatch):
    monkeypatch.setattr("zdr_router.hardening.coverage.is_glibc", lambda: False)
    monkeypatch.setattr("zdr_router.hardening.coverage._swap", lambda: None)
    assert {each.holds for each in coverage({})} == {"not covered", "see to it"}


def test_a_process_that_only_says_that_it_is_hardened_is_found_out():
    assert [*coverage({"ZDR_HARDENED": "1"})][-1].holds == "not covered"
