"""The shared template tags: every name of the tables can be drawn; times read as people say them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.template.loader import render_to_string

from projects.templatetags import kargo
from projects.templatetags.marks import ARTIFACT_ICONS, DRAWINGS, HEROICONS, STATUS_MARKS

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize("name", [*HEROICONS, *DRAWINGS])
@pytest.mark.parametrize("size", [14, 20])
def test_every_icon_can_be_drawn_hidden_from_screen_readers(name, size):
    svg = kargo.icon(name, size)

    assert f'width="{size}"' in svg
    assert 'aria-hidden="true"' in svg


def test_every_status_and_artifact_names_an_icon_that_exists():
    wanted = {mark.icon for mark in STATUS_MARKS.values()} | set(ARTIFACT_ICONS.values())

    assert wanted <= HEROICONS.keys() | DRAWINGS.keys()


def test_an_icon_with_a_label_speaks_and_escapes_it():
    assert '<span class="visually-hidden">a &lt; b</span>' in kargo.icon("lock", 16, "a < b")


def test_an_unknown_icon_is_refused():
    with pytest.raises(KeyError):
        kargo.icon("no-such-icon")


@pytest.mark.parametrize(
    ("phase", "tone"),
    [
        ("Running", "run"),
        ("Succeeded", "ok"),
        ("FAILED", "fail"),
        ("Needs you", "human"),
        ("Aborted", "stop"),
        ("something new", "idle"),
    ],
)
def test_a_phase_has_one_tone(phase, tone):
    assert kargo.status_tone(phase) == tone


@pytest.mark.parametrize(
    ("distance", "text", "short"),
    [
        (timedelta(seconds=-3), "just now", "now"),
        (timedelta(seconds=-59), "59 s ago", "59 s"),
        (timedelta(minutes=-5), "5 min ago", "5 min"),
        (timedelta(hours=-47), "47 h ago", "47 h"),
        (timedelta(days=-3), "3 d ago", "3 d"),
        (timedelta(days=-90), "3 mo ago", "3 mo"),
        (timedelta(days=-800), "2 y ago", "2 y"),
        (timedelta(minutes=20), "in 20 min", "20 min"),
    ],
)
def test_ages_are_told_in_their_largest_unit(distance, text, short):
    assert kargo.describe_age(distance, short=False) == text
    assert kargo.describe_age(distance, short=True) == short


def test_relative_time_stops_at_the_clock_of_the_context():
    template = Template("{% load kargo %}{% relative_time at %}")

    assert template.render(Context({"now": NOW, "at": NOW - timedelta(hours=2)})) == "2 h ago"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (timedelta(milliseconds=420), "0.4 s"),
        (timedelta(seconds=42), "42 s"),
        (timedelta(seconds=72), "1 m 12 s"),
        (timedelta(minutes=2), "2 m"),
        (timedelta(hours=3, minutes=5), "3 h 5 m"),
        (timedelta(days=2, hours=4), "2 d 4 h"),
    ],
)
def test_durations_have_at_most_two_units(value, text):
    assert kargo.duration(value) == text


def test_long_names_are_shortened_but_recognisable():
    assert kargo.short_sha("sha256:0123456789abcdef") == "0123456"
    assert kargo.short_version("a" * 40) == "a" * 7
    assert kargo.short_version("v1.2.3-rc.1+build") == "v1.2.3-rc.1+build"
    assert kargo.short_repo("https://github.com/acme/guestbook.git/") == "guestbook"
    assert kargo.short_repo("git@github.com:guestbook.git") == "guestbook"
    assert kargo.elide_middle("pale-crab-of-the-north", 11) == "pale-…north"
    assert kargo.elide_middle("calm-heron", 11) == "calm-heron"
    assert kargo.initials("kim.ito") == "KI"


def test_a_status_is_drawn_with_icon_and_escaped_word():
    html = render_to_string("components/status.html", {"phase": "Failed", "word": "Failed · <git-push>"})

    assert 'class="status is-fail"' in html
    assert "<svg" in html
    assert "Failed · &lt;git-push&gt;" in html


def test_equal_versions_are_shown_once():
    html = render_to_string("components/from_to.html", {"old": "v1", "new": "v1"})

    assert html.count("v1 · same") == 1
    assert 'class="new"' not in html
