"""A promotion of every step, watched live: steps turn green, log lines stream in, people answer on the page."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import sign_in
from tests.servers.everything import PROJECT, STAGE
from tests.servers.everything_site import EverythingSite

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

# Notes how many lines the log shows and how many steps have ended, each time the page changes.
WATCH = """
window.seen = [];
const note = () => window.seen.push([
  document.querySelectorAll('.log-line').length,
  document.querySelectorAll('#promotion-steps .step.is-ok').length,
]);
new MutationObserver(note).observe(document, {childList: true, subtree: true, characterData: true});
"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EverythingSite]:
    with EverythingSite(tmp_path_factory.mktemp("everything"), lease="30s") as scene:
        scene.site.start_all()
        scene.site.wait_until_pages_answer()
        yield scene


@pytest.fixture
def page(chromium: Browser, scene: EverythingSite) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=f"http://127.0.0.1:{scene.site.port}", viewport={"width": 1440, "height": 900}
    )
    context.set_default_timeout(20_000)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    yield page
    assert not problems, problems
    context.close()


def test_all_steps_of_a_promotion_succeed_before_our_eyes(page: Page, scene: EverythingSite) -> None:
    sign_in(page, "alice")
    page.goto(f"/p/{PROJECT}/")
    page.locator(f"#stage-{STAGE}").get_by_role("link", name=f"Promote to {STAGE}").click()
    page.get_by_role("link", name=re.compile("^Review ")).first.click()
    page.add_init_script(WATCH)
    page.get_by_role("button", name=re.compile(f"^Promote .* to {STAGE}$")).click()
    page.wait_for_url(re.compile(rf"/p/{PROJECT}/promotions/\d+/"))
    page.get_by_role("button", name="Send and go on").click(timeout=60_000)
    page.get_by_role("button", name="Approve").click(timeout=60_000)
    expect(page.locator("#promotion-head").get_by_text("Succeeded", exact=True)).to_be_visible(timeout=90_000)
    # Which part of the page is renewed first is not said.
    expect(page.locator("#promotion-steps .step:not(.is-ok)")).to_have_count(1)
    seen = page.evaluate("window.seen")

    rows = page.locator("#promotion-steps .step-row").all_inner_texts()
    failed = [row for row in rows if "Succeeded" not in row]
    assert len(rows) > 40
    assert [("fail" in row, "Failed, ignored" in row) for row in failed] == [(True, True)]
    lines = [count for count, _ in seen]
    assert lines == sorted(lines), "lines of the log went away"
    # The log and the steps came bit by bit, not at once.
    assert len(set(lines)) > 5
    assert len({steps for _, steps in seen}) > 5
    numbers = [int(text) for text in page.locator(".log-number").all_inner_texts()]
    assert numbers == list(range(1, len(numbers) + 1))
    promotion = scene.site.ask("look", scene.site.ask("find_promotion", 1))
    assert len(numbers) == promotion["lines"]
    assert scene.ask("facts", promotion["name"])["merged"] == 1
