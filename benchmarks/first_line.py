"""Click Promote, and the first log line is in the browser: the real demo, a real Chromium, promotions in a row.

Also from the moment a line is written to the moment it is in the page, for all lines that came by the stream.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks.figures import percentile, report
from kargoweb.demo.environment import PASSWORD
from tests.servers.installation import Installation

_PROMOTIONS = 20
_CHROMIUM = "/usr/bin/chromium"
# Notes when each line came into the page; those that were in it from the start do not count.
_WATCH_LINES = """
window.lineTimes = {};
document.addEventListener("DOMContentLoaded", () => {
  const lines = document.getElementById("log-lines");
  if (!lines) return;
  new MutationObserver(() => {
    const now = Date.now() / 1000;
    for (const line of lines.querySelectorAll(".log-line:not([data-seen])")) {
      line.dataset.seen = "";
      window.lineTimes[line.id.slice(1)] = now;
    }
  }).observe(lines, {childList: true});
  for (const line of lines.querySelectorAll(".log-line")) line.dataset.seen = "";
});
"""


def main() -> int:
    """Promote two pieces of freight to dev in turn."""
    with tempfile.TemporaryDirectory(prefix="kargoweb-bench-") as directory:
        settings = {"KARGOWEB_LOG_LEVEL": "WARNING"}
        with Installation(Path(directory), lease="30s", settings=settings) as site, sync_playwright() as playwright:
            site.start_all()
            site.wait_until_pages_answer()
            freight = [site.ask("alias", site.ask("discover", "guestbook")), site.ask("alias", site.ask("release"))]
            browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
            page = browser.new_page(base_url=f"http://127.0.0.1:{site.port}")
            page.add_init_script(_WATCH_LINES)
            _sign_in(page)
            runs = [_promote(page, site, freight[number % 2]) for number in range(_PROMOTIONS + 1)][1:]
            browser.close()
    clicks = [click for click, _ in runs]
    lines = [delay for _, delays in runs for delay in delays]
    report("click to first log line, p50", percentile(clicks, 0.5) * 1000, "ms", note=f"{len(clicks)} promotions")
    kept = report("click to first log line, p95", percentile(clicks, 0.95) * 1000, "ms", budget=500)
    report("written line to browser, p50", percentile(lines, 0.5) * 1000, "ms", note=f"{len(lines)} lines")
    return (
        0 if report("written line to browser, p95", percentile(lines, 0.95) * 1000, "ms", budget=300) and kept else 1
    )


def _sign_in(page: Page) -> None:
    page.goto("/login/")
    page.fill("input[name=username]", "bob")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/login/" not in url)


def _promote(page: Page, site: Installation, alias: str) -> tuple[float, list[float]]:
    """Seconds from the click to the first line, and of each streamed line from its writing to the page."""
    page.goto(f"/p/guestbook/promote/?freight={alias}&stage=dev")
    button = page.locator("main button[type=submit].primary")
    button.wait_for()
    clicked_at = time.perf_counter()
    button.click(no_wait_after=True)
    page.wait_for_selector("#log-lines .log-line", state="attached", timeout=30_000)
    seconds = time.perf_counter() - clicked_at
    promotion: int = site.ask("find_promotion", int(page.url.rstrip("/").rsplit("/", 1)[1]))
    site.ask("wait_for_end", promotion, 60)
    page.wait_for_timeout(500)
    written = site.ask("line_times", promotion)
    shown: dict[str, Any] = page.evaluate("window.lineTimes")
    return seconds, [at - written[line] for line, at in shown.items()]


if __name__ == "__main__":
    sys.exit(main())
