import time

import pytest

from promotions.queries.ansi import line_to_html, plain_text


@pytest.mark.parametrize(
    ("line", "html"),
    [
        pytest.param("plain", "plain", id="plain text"),
        pytest.param("<b>&\"'", "&lt;b&gt;&amp;&quot;&#x27;", id="markup"),
        pytest.param("\x1b[31mred\x1b[0m ok", '<span class="ansi-red">red</span> ok', id="a colour"),
        pytest.param("\x1b[1;32mx", '<span class="ansi-bold ansi-green">x</span>', id="bold and a colour"),
        pytest.param("\x1b[91mx\x1b[39my", '<span class="ansi-red">x</span>y', id="bright, and back"),
        pytest.param("\x1b[38;5;39mx", '<span class="ansi-cyan">x</span>', id="256 colours"),
        pytest.param("\x1b[38;2;250;10;10mx", '<span class="ansi-red">x</span>', id="true colour"),
        pytest.param("\x1b[38;5;244mx", "x", id="a grey is the colour of text"),
        pytest.param("\x1b[48;5;9mx", "x", id="backgrounds are dropped"),
        pytest.param("\x1b[31m<i>\x1b[0m", '<span class="ansi-red">&lt;i&gt;</span>', id="markup in a colour"),
        pytest.param("a\x1b[2Jb\x1b[10;10Hc\x1b]0;title\x07d", "abcd", id="cursor and title"),
        pytest.param("a\x1b]8;;unfinished", "a8;;unfinished", id="an unfinished title hides nothing"),
        pytest.param("12%\r50%\r100%", "100%", id="progress"),
        pytest.param("windows\r", "windows", id="a line end of Windows"),
        pytest.param("a\x00\x07\x7fb", "ab", id="control characters"),
        pytest.param("abc\u202edcba", "abc\\u202edcba", id="turned text is named"),
        pytest.param("cut off \x1b[3", "cut off ", id="half a sequence"),
        pytest.param("\x1b[99999999999999mx", "x", id="absurd numbers"),
    ],
)
def test_draws_a_line(line: str, html: str) -> None:
    assert line_to_html(line) == html


def test_links_addresses_without_the_mark_that_ends_the_sentence() -> None:
    html = line_to_html('see https://example.com/a?b=1&c=2, or "http://x.y".')

    assert '<a href="https://example.com/a?b=1&amp;c=2" rel="noopener noreferrer">' in html
    assert '<a href="http://x.y" rel="noopener noreferrer">http://x.y</a>&quot;.' in html


def test_links_no_other_scheme() -> None:
    assert "<a" not in line_to_html("javascript:alert(1) data:text/html,x file:///etc/passwd")


@pytest.mark.parametrize(
    "bomb",
    ["\x1b[" * 30_000, "\x1b]" * 30_000, "\x1b[1;" * 20_000, "https://" * 10_000, "\x1b[" + "1;" * 50_000 + "m"],
    ids=["openings", "titles", "half sequences", "addresses", "numbers"],
)
def test_hostile_lines_cost_linear_time(bomb: str) -> None:
    started_at = time.perf_counter()
    line_to_html(bomb)

    assert time.perf_counter() - started_at < 2


def test_the_download_holds_no_sequences() -> None:
    assert plain_text("\x1b[31m<red>\x1b[0m\x1b[2J 1%\r2%") == "2%"
