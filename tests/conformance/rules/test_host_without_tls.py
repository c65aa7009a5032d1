from __future__ import annotations

import pytest


@pytest.mark.parametrize("host", ["http://models.example.com/v1", "http://{region}.models.example.com/v1"])
def test_http_to_somebody_elses_server_is_an_error(find, configuration, line_of, host):
    configuration |= {"private_network": True, "hosts": ["https://api.example.com/v1", host]}
    (finding,) = find("ZDR915")
    assert (finding.level, finding.where) == ("error", line_of(host))


def test_http_to_a_server_of_ones_own_is_warned_of(find, configuration):
    configuration |= {"private_network": True, "hosts": ["http://10.0.0.7:8000/v1"]}
    configuration["mechanism"] = {"kind": "self_operated", "fail_mode": "closed"}
    configuration["engine"] = {"name": "example", "versions": ">=1"}
    assert [finding.level for finding in find("ZDR915")] == ["warning"]


@pytest.mark.parametrize("host", ["https://api.example.com/v1", "http://127.0.0.1:8080/v1", "http://localhost/v1"])
def test_tls_and_loopback_are_right(find, configuration, host):
    configuration |= {"private_network": True, "hosts": [host]}
    assert find("ZDR915") == []
