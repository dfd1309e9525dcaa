"""The audit page and its export."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from projects.audit import record
from tests.cast import Cast, browser_of
from tests.factories import actor_for, make_project

PAGE = "/p/shop/audit/"
EXPORT = "/p/shop/audit/export/"
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


@pytest.fixture
def entries(cast: Cast) -> None:
    alice, bob = actor_for(cast.alice), actor_for(cast.bob)
    elsewhere = make_project("elsewhere")
    for actor, action, kind, name, reason, project in (
        (alice, "approved", "Freight", "amber-otter", "hotfix", cast.project),
        (bob, "promoted", "Stage", "prod", "", cast.project),
        (bob, "renamed", "Freight", "=cmd()", "", cast.project),
        (alice, "promoted", "Stage", "foreign", "", elsewhere),
    ):
        record(actor, action, project=project, target_kind=kind, target_name=name, reason=reason, at=NOON)


def test_every_member_reads_absolute_times_and_reasons_of_this_project_only(cast: Cast, entries: None) -> None:
    page = browser_of(cast.rita).get(PAGE).content.decode()

    assert "2026-03-05 12:00:00 UTC" in page
    assert "hotfix" in page
    assert "foreign" not in page


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("person=alice", "amber-otter", "prod"),
        ("action=promoted", "prod", "amber-otter"),
        ("object=freight/amber", "amber-otter", "prod"),
        ("last_day=2026-03-04", "matches this filter", "amber-otter"),
        ("first_day=2026-03-05&last_day=2026-03-05&object=prod", "prod", "amber-otter"),
    ],
)
def test_the_filter_is_in_the_address(cast: Cast, entries: None, query: str, shown: str, hidden: str) -> None:
    page = browser_of(cast.rita).get(f"{PAGE}?{query}").content.decode()
    table = page.partition("</form>\n    <section")[2]

    assert shown in table
    assert hidden not in table


def test_a_wrong_day_is_named_and_filters_nothing(cast: Cast, entries: None) -> None:
    page = browser_of(cast.rita).get(f"{PAGE}?first_day=yesterday").content.decode()

    assert "Enter a valid date." in page
    assert "amber-otter" in page


def test_pages_follow_each_other_without_gaps_even_at_one_instant(cast: Cast) -> None:
    for number in range(120):
        at = NOON + timedelta(seconds=number // 60)
        record(
            actor_for(cast.bob),
            "promoted",
            project=cast.project,
            target_kind="Stage",
            target_name=f"no{number:03d}x",
            at=at,
        )
    browser, seen, address = browser_of(cast.rita), [], PAGE

    while address:
        page = browser.get(address).context["page"]
        seen += [row.target_name for row in page.rows]
        address = f"{PAGE}?before={page.older}" if page.older else ""

    assert seen == [f"no{number:03d}x" for number in reversed(range(120))]


def test_exports_the_filter_without_formulas(cast: Cast, entries: None) -> None:
    answer = browser_of(cast.rita).get(f"{EXPORT}?person=bob")

    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [row["name"] for row in rows] == ["'=cmd()", "prod"]
    assert rows[0]["time"] == "2026-03-05T12:00:00+00:00"
    assert 'filename="audit-shop.csv"' in answer["Content-Disposition"]


@pytest.mark.parametrize("address", [PAGE, EXPORT])
def test_addresses_of_credentials_and_of_machines_are_for_owners(cast: Cast, address: str) -> None:
    actor = replace(actor_for(cast.alice), ip_address="203.0.113.7")
    facts = {"kind": "git", "repoURL": "https://git.example.com/hidden"}
    target = {"target_kind": "Credential", "target_name": "bot"}
    record(actor, "created", project=cast.project, facts=facts, at=NOON, **target)

    owner, viewer = (browser_of(person).get(address).content.decode() for person in (cast.alice, cast.rita))

    for closed in ("203.0.113.7", "git.example.com/hidden"):
        assert closed in owner
        assert closed not in viewer
    assert "bot" in viewer


@pytest.mark.parametrize("address", [PAGE, EXPORT])
def test_who_may_read(cast: Cast, address: str) -> None:
    assert browser_of(cast.charlie).get(address).status_code == 404
    assert browser_of(cast.rita).post(address).status_code == 405
    assert browser_of(cast.rita).get(address).status_code == 200
