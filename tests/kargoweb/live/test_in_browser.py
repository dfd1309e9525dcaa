"""The promotion page in a real browser: lines arrive, parts refresh, nothing is lost when the stream breaks."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from promotions.models import Promotion, StepRun
from promotions.phases import Phase
from tests.factories import (
    make_freight,
    make_member,
    make_project,
    make_promotion,
    make_stage,
    make_user,
    make_warehouse,
)
from tests.kargoweb.live.conftest import Server, cookies_of

pytestmark = pytest.mark.browser

_NUMBERS = "lines => lines.map(line => Number(line.id.slice(1)))"


@pytest.fixture(scope="module", autouse=True)
def static_files() -> None:
    """Where the server looks for them when it starts."""
    call_command("collectstatic", verbosity=0, interactive=False)


@pytest.fixture
def promotion(transactional_db: None) -> Promotion:
    project = make_project("shop")
    warehouse = make_warehouse(project)
    stage = make_stage(project, warehouse=warehouse, steps=[{"uses": "git-clone", "as": "clone"}] * 2)
    promotion = make_promotion(stage, make_freight(warehouse), phase=Phase.RUNNING)
    StepRun.objects.create(promotion=promotion, index=0, alias="clone", kind="git-clone", status="Running")
    return promotion


def sign_in(context: BrowserContext, server: Server, cookies: dict[str, str]) -> None:
    context.add_cookies([{"name": name, "value": value, "url": server.url} for name, value in cookies.items()])


def numbers_on(page: Page) -> list[int]:
    found: list[int] = page.eval_on_selector_all("#log-lines .log-line", _NUMBERS)
    return found


def test_shows_every_line_once_although_the_stream_breaks(
    server: Server, promotion: Promotion, write_elsewhere: Callable[..., Any]
) -> None:
    user = make_user("rita")
    make_member(promotion.project, user, "viewer")
    cookies = cookies_of(user)
    problems: list[str] = []

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = browser.new_context()
        sign_in(context, server, cookies)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{server.url}/p/shop/promotions/1/")
        expect(page.locator("#live-indicator")).to_have_text("Live")
        write_elsewhere(promotion, 900, "--end")
        page.wait_for_selector("#L50")
        # As a proxy does that gives up in the middle.
        page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
        expect(page.locator("#log-end")).to_have_text("End of log · 900 lines", timeout=20_000)
        shown = numbers_on(page)
        expect(page.locator("#promotion-head .status.badge")).to_have_text("Succeeded")
        title = page.title()
        browser.close()

    assert shown == list(range(1, 901))
    assert title.startswith("Succeeded · #1 · shop")
    assert problems == []


def test_follows_the_end_until_the_reader_looks_elsewhere(
    server: Server, promotion: Promotion, write_elsewhere: Callable[..., Any]
) -> None:
    user = make_user("rita")
    make_member(promotion.project, user, "viewer")
    cookies = cookies_of(user)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = browser.new_context()
        sign_in(context, server, cookies)
        page = context.new_page()
        page.goto(f"{server.url}/p/shop/promotions/1/")
        expect(page.locator("#live-indicator")).to_have_text("Live")
        write_elsewhere(promotion, 200).wait()
        expect(page.locator("#L200")).to_be_in_viewport()
        page.locator(".log-body").evaluate("body => { body.scrollTop = 0; }")
        expect(page.locator("#log-follow")).to_have_attribute("aria-pressed", "false")
        write_elsewhere(promotion, 100).wait()
        expect(page.locator("#log-more")).to_have_text("100 new lines ↓")
        expect(page.locator("#L1")).to_be_in_viewport()
        page.keyboard.press("f")
        expect(page.locator("#L300")).to_be_in_viewport()
        page.locator("#L290 .log-number").click()
        page.locator("#L295 .log-number").click(modifiers=["Shift"])
        address, marked = page.url, page.locator(".log-line.is-marked").count()
        browser.close()

    assert address.endswith("#L290-L295")
    assert marked == 6
