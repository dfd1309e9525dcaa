"""A promoter takes freight from dev to two regions, watching the log; a viewer cannot."""

import re

import git
import pytest
from playwright.sync_api import Page, expect

from kargoweb.demo import content
from tests.browser.conftest import Demo, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

ENVIRONMENTS = ("dev", "staging", "prod-east", "prod-west", "prod-west-canary")
# Notes what the page shows each time it changes, so that a test can tell what came before what.
WATCH_LOG = """
window.seen = [];
const note = () => {
  const phase = document.querySelector('#promotion-head .status, #promotion-head .badge')?.textContent.trim();
  const lines = document.querySelectorAll('.log-line').length;
  if (phase) window.seen.push([phase, lines]);
};
new MutationObserver(note).observe(document, {childList: true, subtree: true, characterData: true});
"""


def count_commits(demo: Demo, environment: str) -> int:
    """Commits of a rendered branch; one that does not exist yet begins with the empty commit that makes it."""
    repository, branch = served(demo), f"env/{environment}"
    exists = branch in [head.name for head in repository.heads]
    return sum(1 for _ in repository.iter_commits(branch)) if exists else 1


def served(demo: Demo) -> git.Repo:
    """The repository as it lies on the demo's git host, read by a library that is not ours."""
    return git.Repo(demo.repositories.path(content.CONFIG))


def promote_newest(page: Page, stage: str, origin: str) -> str:
    """Through the stage's card and the review sheet; returns the alias that was promoted."""
    page.goto("/p/guestbook/")
    page.locator(f"#stage-{stage}").get_by_role("link", name=f"Promote to {stage}").click()
    row = page.get_by_role("row").filter(has_text=re.compile("Review")).filter(has=page.get_by_title(origin)).first
    alias = row.get_by_role("link").first.inner_text()
    row.get_by_role("link", name=f"Review {alias}").click()
    page.get_by_role("button", name=f"Promote {alias} to {stage}").click()
    page.wait_for_url(re.compile(r"/p/guestbook/promotions/\d+/"))
    return alias


def expect_success(page: Page) -> None:
    expect(page.locator("#promotion-head").get_by_text("Succeeded", exact=True)).to_be_visible(timeout=60_000)


def test_a_promoter_takes_freight_through_all_stages(page: Page, demo: Demo) -> None:
    sign_in(page, "bob")
    page.goto("/p/guestbook/")
    expect(page.locator(".freight-card").nth(1)).to_be_visible(timeout=60_000)
    page.add_init_script(WATCH_LOG)
    before = {name: count_commits(demo, name) for name in ENVIRONMENTS}

    alias = promote_newest(page, "dev", "guestbook")
    expect_success(page)
    seen = page.evaluate("window.seen")

    counts = [lines for phase, lines in seen if "Succeeded" not in phase]
    assert counts, "the page never showed the promotion on its way"
    assert max(counts) > min(counts), f"no log line arrived before the end: {seen}"
    numbers = [int(text) for text in page.locator(".log-number").all_inner_texts()]
    assert numbers == list(range(1, len(numbers) + 1))

    for stage in ("staging", "prod-east", "prod-west"):
        assert promote_newest(page, stage, "guestbook") == alias
        expect_success(page)
    revision = served(demo).commit("main").hexsha
    for environment in ENVIRONMENTS:
        values = served(demo).commit(f"env/{environment}").tree / "values.yaml"
        assert f"revision: {revision}" in values.data_stream.read().decode()
        assert count_commits(demo, environment) == before[environment] + 1

    page.goto("/p/guestbook/")
    for stage in ("dev", "staging", "prod-east", "prod-west"):
        expect(page.locator(f"#stage-{stage}").get_by_title(alias)).to_be_visible()


def test_fresh_freight_arrives_without_a_reload(page: Page) -> None:
    sign_in(page, "bob")
    page.goto("/p/guestbook/")
    expect(page.locator(".freight-card").nth(1)).to_be_visible(timeout=60_000)
    before = page.locator(".freight-card").count()

    page.get_by_role("button", name="New release").click()

    expect(page.locator(".freight-card")).to_have_count(before + 1, timeout=60_000)


def test_a_viewer_sees_why_there_is_no_promotion(page: Page) -> None:
    sign_in(page, "rita")
    page.goto("/p/guestbook/")

    expect(page.locator("#stage-dev")).to_be_visible()
    assert page.get_by_role("link", name="Promote to dev").count() == 0
    page.goto("/p/guestbook/promote/?stage=dev")
    expect(page.get_by_text("needs the role Promoter").first).to_be_visible()


def test_everything_works_without_javascript(chromium, demo: Demo) -> None:
    context = chromium.new_context(base_url=demo.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "bob")

    promote_newest(page, "dev", "flags")

    for _ in range(60):
        if page.locator("#promotion-head").get_by_text("Succeeded", exact=True).count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect_success(page)
    assert page.locator(".log-line").count() > 5
    context.close()
