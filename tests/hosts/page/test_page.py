"""What the trust page says, and what it does not."""

from __future__ import annotations

import re
import sys

import httpx2
import pytest
import upstream as up
from deployments import SAYING
from upstream import Upstream

import zdr_router
from zdr_router import ConfigError, Exhausted, Refused
from zdr_router.hosts import page


async def get(app, path="/", method="GET"):
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://page") as client:
        return await client.request(method, path)


def text_of(answer):
    return " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())


async def test_it_states_what_policy_supports_with_basis_and_dates(made, counts):
    async with made() as router:
        answer = await get(page.app(router, counts, service="Acme <Models>"))
    assert answer.status_code == 200
    text = text_of(answer)
    assert "Acme &lt;Models&gt;" in text
    assert "Prompts and answers pass to 2 services, of which we run 1 ourselves" in text
    assert "run by Fireworks AI, Inc. (US)" in text
    assert "If a law or an order obliges the provider to keep it" in text
    assert "how many tokens it had and what it cost" in text
    assert f"zdr-router {zdr_router.__version__}" in text
    assert router.deployment.registry.digest in text
    assert router.deployment.registry.digests["fireworks/open-models"] in text
    assert text.count(" in use ") == 2
    assert "No request was refused" in text


async def test_it_names_no_account_target_or_file(made):
    async with made() as router:
        answer = await get(page.app(router))
    assert "secret-account" not in answer.text
    assert ".yaml" not in answer.text
    assert "Refusals" not in answer.text


async def test_it_states_nothing_where_a_target_may_serve_nobody(made):
    async with made(second="groq/default") as router:
        text = text_of(await get(page.app(router)))
    assert "No statement about zero retention can be made now." in text
    assert "Prompts and answers pass to" not in text
    assert "Nothing is sent there now" in text
    assert " closed " in text


async def test_what_is_revoked_is_closed(made):
    async with made() as router:
        app = page.app(router, every=0)
        assert " closed " not in text_of(await get(app))
        router.trust.revoke("configuration:fireworks/open-models", "an incident")
        text = text_of(await get(app))
    assert " closed " in text
    assert "Nothing is sent there now: ZDR" in text


async def test_what_is_given_a_rest_is_resting(made):
    async with made() as router:
        router.isolate("secret-account-1/m")
        text = text_of(await get(page.app(router)))
    assert " resting " in text


async def test_refusals_are_counted_by_rule(made, counts):
    async with made() as router:
        for _ in range(3):
            with pytest.raises(Refused):
                await router.chat(model="chat", messages=SAYING, store=True)
        text = text_of(await get(page.app(router, counts)))
    assert "3 requests were refused since" in text
    assert "ZDR603 The request uses a feature that the configuration does not permit 3" in text


async def test_a_failure_is_no_refusal(made, counts):
    async with Upstream(otherwise=up.status(500)) as server, made(server.url) as router:
        with pytest.raises(Exhausted):
            await router.chat(model="chat", messages=SAYING, timeout=5)
    assert (counts.requests, dict(counts.rules)) == (0, {})


async def test_it_is_made_anew_only_now_and_then(made):
    async with made() as router:
        app = page.app(router, every=1000)
        first = await get(app)
        router.trust.revoke("configuration:fireworks/open-models", "an incident")
        assert (await get(app)).content == first.content


async def test_it_needs_nothing_from_elsewhere_and_no_scripts(made):
    async with made() as router:
        answer = await get(page.app(router))
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert "script" not in answer.text + policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("path", "method", "status", "kind"),
    [
        ("/site.css", "GET", 200, "text/css"),
        ("/page.css", "GET", 200, "text/css"),
        ("/page.html", "GET", 404, "text/plain"),
        ("/templates/page.html", "GET", 404, "text/plain"),
        ("/", "POST", 405, "text/plain"),
    ],
)
async def test_it_serves_a_page_and_its_styles_and_nothing_else(made, path, method, status, kind):
    async with made() as router:
        answer = await get(page.app(router), path, method)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith(kind)


async def test_a_head_has_no_body(made):
    async with made() as router:
        answer = await get(page.app(router), "/page.css", "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_without_its_extra_it_is_refused_at_once_and_not_at_the_first_look(made, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ConfigError, match=r"the trust page needs jinja2[\s\S]*zdr-router\[site\]"):
        page.app(made())
