"""A changed rule against what was found last."""

import pytest

from freight.rule_check import LastLook, check_rule
from freight.selection.errors import SelectorError
from freight.subscriptions.base import SubscriptionUnusable

IMAGE, GIT, CHARTS = "ghcr.io/acme/app", "https://git.example.com/acme/app.git", "https://charts.example.com"


def image(tag: str, created: str = "2026-01-01T00:00:00Z") -> dict[str, object]:
    return {"tag": tag, "digest": "sha256:" + "a" * 64, "annotations": {}, "createdAt": created}


def commit(sha: str, **more: str) -> dict[str, object]:
    made = {"creatorDate": "2026-01-02T00:00:00+00:00", "branch": "main", "tag": ""}
    return {"id": sha, "subject": "Fix it", "author": "Kim <k@x>", "committer": "Kim <k@x>", **made, **more}


LAST_IMAGE = LastLook(
    {"repoURL": IMAGE, "constraint": "^2"},
    [image("2.1.0", "2026-01-01T00:00:00Z"), image("2.0.0", "2026-03-01T00:00:00Z")],
    ["1.5.0", "nightly"],
)
LAST_BRANCH = LastLook(
    {"repoURL": GIT, "branch": "main"}, [commit("a" * 40), commit("b" * 40, subject="Docs")], ["c" * 40]
)
LAST_TAGS = LastLook(
    {"repoURL": GIT, "commitSelectionStrategy": "SemVer"},
    [commit("a" * 40, tag="v1.1.0"), commit("b" * 40, tag="v1.0.0")],
    ["v0.9.0"],
)
LAST_CHART = LastLook({"repoURL": CHARTS, "name": "redis"}, [{"name": "redis", "version": "19.1.0"}], ["18.0.0"])


@pytest.mark.parametrize(
    ("rules", "taken", "unknown"),
    [
        ({"constraint": "^1"}, ["1.5.0"], []),
        ({}, ["2.1.0", "2.0.0", "1.5.0"], []),
        ({"discoveryLimit": 1}, ["2.1.0"], []),
        ({"imageSelectionStrategy": "Lexical"}, ["nightly", "2.1.0", "2.0.0", "1.5.0"], []),
        ({"imageSelectionStrategy": "Lexical", "allowTagsRegexes": ["^n"]}, ["nightly"], []),
        ({"imageSelectionStrategy": "NewestBuild"}, ["2.0.0", "2.1.0"], ["1.5.0", "nightly"]),
        ({"imageSelectionStrategy": "Digest", "constraint": "2.0.0"}, ["2.0.0"], []),
        ({"imageSelectionStrategy": "Digest", "constraint": "latest"}, [], ["latest"]),
        ({"platform": "linux/arm64"}, [], ["2.1.0", "2.0.0", "1.5.0"]),
    ],
)
def test_images_are_judged_by_what_is_known_of_them(rules, taken, unknown):
    outcome = check_rule("image", {"repoURL": IMAGE, **rules}, LAST_IMAGE)

    assert list(outcome.taken) == taken
    assert [name for name, _ in outcome.unknown] == unknown
    assert {*taken, *unknown, *(name for name, _ in outcome.ignored)} >= {"2.1.0", "2.0.0", "1.5.0", "nightly"}


@pytest.mark.parametrize(
    ("rules", "last", "taken", "unknown"),
    [
        ({"branch": "main"}, LAST_BRANCH, ["a", "b"], ["c"]),
        ({"branch": "main", "expressionFilter": "subject == 'Docs'"}, LAST_BRANCH, ["b"], ["c"]),
        ({"branch": "main", "since": "2026-02-01T00:00:00Z"}, LAST_BRANCH, [], ["c"]),
        ({"branch": "main", "includePaths": ["src"]}, LAST_BRANCH, [], ["a", "b", "c"]),
        ({"branch": "next"}, LAST_BRANCH, [], ["a", "b"]),
        ({"commitSelectionStrategy": "Lexical"}, LAST_BRANCH, [], ["a", "b"]),
    ],
)
def test_commits_are_judged_by_what_is_known_of_them(rules, last, taken, unknown):
    outcome = check_rule("git", {"repoURL": GIT, **rules}, last)

    assert [name[0] for name in outcome.taken] == taken
    assert [name[0] for name, _ in outcome.unknown] == unknown


def test_tags_never_read_stay_open_when_more_than_their_name_counts():
    outcome = check_rule(
        "git", {"repoURL": GIT, "commitSelectionStrategy": "SemVer", "semverConstraint": "<1.1"}, LAST_TAGS
    )

    assert outcome.taken == ("v1.0.0",)
    assert outcome.unknown == (("v0.9.0", "it was never read"),)
    assert [name for name, _ in outcome.ignored] == ["v1.1.0"]


def test_charts_are_judged_in_full():
    outcome = check_rule("chart", {"repoURL": CHARTS, "name": "redis", "semverConstraint": "<19"}, LAST_CHART)

    assert outcome.taken == ("18.0.0",)


def test_another_repository_leaves_everything_open():
    outcome = check_rule("image", {"repoURL": "ghcr.io/acme/other"}, LAST_IMAGE)

    assert (outcome.taken, [name for name, _ in outcome.unknown]) == ((), ["2.1.0", "2.0.0"])


@pytest.mark.parametrize(
    ("kind", "rules", "last", "error"),
    [
        ("image", {"repoURL": IMAGE, "constraint": ">>1"}, LAST_IMAGE, SelectorError),
        ("image", {"repoURL": IMAGE, "allowTags": "x"}, LAST_IMAGE, SubscriptionUnusable),
        ("git", {"repoURL": GIT, "branch": "main", "expressionFilter": "nobody"}, LAST_BRANCH, SubscriptionUnusable),
    ],
)
def test_rules_that_nobody_can_use_are_refused(kind, rules, last, error):
    with pytest.raises(error):
        check_rule(kind, rules, last)
