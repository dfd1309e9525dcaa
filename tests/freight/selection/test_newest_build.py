from dataclasses import dataclass
from datetime import UTC, datetime

from freight.selection.newest_build import select_newest_builds


@dataclass(frozen=True)
class Build:
    tag: str
    created_at: datetime | None


def at(day):
    return datetime(2025, 1, day, tzinfo=UTC)


def test_puts_the_newest_first_and_same_times_by_tag_descending():
    builds = [Build("a", at(1)), Build("b", at(3)), Build("c", at(3)), Build("d", None), Build("e", at(2))]

    selection = select_newest_builds(builds, limit=10)

    assert [build.tag for build in selection.taken] == ["c", "b", "e", "a", "d"]


def test_cuts_to_the_limit():
    selection = select_newest_builds([Build("a", at(1)), Build("b", at(2))], limit=1)

    assert [build.tag for build in selection.taken] == ["b"]
    assert selection.ignored[0][0].tag == "a"


def test_rejects_with_a_reason_and_keeps_the_order():
    builds = [Build("a", at(1)), Build("b", at(2)), Build("c", at(3))]

    selection = select_newest_builds(builds, limit=10).reject(lambda build: "odd" if build.tag == "b" else None)

    assert [build.tag for build in selection.taken] == ["c", "a"]
    assert [(build.tag, reason) for build, reason in selection.ignored] == [("b", "odd")]
