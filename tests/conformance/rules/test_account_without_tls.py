from __future__ import annotations

import pytest


@pytest.fixture
def own(configuration, operator):
    configuration["mechanism"] = {"kind": "self_operated", "fail_mode": "closed"}
    configuration["engine"] = {"name": "example", "versions": ">=1"}
    configuration["hosts"] = []
    return operator["accounts"]["main"]


def test_http_beyond_loopback_is_an_error(find_in_file, own, line_of):
    own["base_url"] = "http://gpu-7.example.com/v1"
    (finding,) = find_in_file("ZDR929")
    assert (finding.level, finding.where) == ("error", line_of('"base_url"', "zdr.yaml"))


def test_http_on_a_network_of_ones_own_is_warned_of(find_in_file, own, configuration):
    own["base_url"] = "http://gpu-7.example.com/v1"
    configuration["private_network"] = True
    assert [finding.level for finding in find_in_file("ZDR929")] == ["warning"]


@pytest.mark.parametrize(
    "url", ["https://gpu-7.example.com/v1", "http://127.0.0.1:8081/v1", "http://[::1]/v1", "http://["]
)
def test_tls_loopback_and_what_is_no_url_are_not_reported(find_in_file, own, url):
    own["base_url"] = url
    assert find_in_file("ZDR929") == []
