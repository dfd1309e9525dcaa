from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from freight.selection.errors import SelectorError
from freight.subscriptions.base import SubscriptionUnusable
from freight.subscriptions.git import SUBSCRIPTION, discover
from integrations.credentials import BasicAuth
from integrations.errors import Aborted, Unauthorized

START = datetime(2025, 1, 1, tzinfo=UTC)


def fill(git, *changes, name="app"):
    """Commit files one after the other, a minute apart; returns the commits, oldest first."""
    git.create(name, {})
    return [
        git.commit(name, files, f"Change {number}", at=START + timedelta(minutes=number))
        for number, files in enumerate(changes)
    ]


def ids(discovery):
    return [item["id"] for item in discovery.found]


def test_takes_the_newest_commits_of_the_default_branch(git, around):
    commits = fill(git, {"a": "1"}, {"a": "2"}, {"a": "3"})

    found = discover({"repoURL": git.url("app"), "discoveryLimit": 2}, around)

    assert ids(found) == [commits[2], commits[1]]
    assert found.observed == {"branchHead": commits[2]}
    assert found.found[0] == {
        "id": commits[2],
        "branch": "",
        "tag": "",
        "subject": "Change 2",
        "author": "Sam Upstream <sam@example.com>",
        "committer": "Sam Upstream <sam@example.com>",
        "creatorDate": "2025-01-01T00:02:00+00:00",
    }


def test_takes_the_branch_it_is_told(git, around):
    first, second = fill(git, {"a": "1"}, {"a": "2"})
    side = git.commit("app", {"b": "1"}, "Side", branch="side", start=first)

    found = discover({"repoURL": git.url("app"), "branch": "side"}, around)

    assert ids(found) == [side, first]
    assert second not in ids(found)
    assert {item["branch"] for item in found.found} == {"side"}


def test_names_the_branches_there_are_when_the_branch_is_missing(git, around):
    fill(git, {"a": "1"})

    with pytest.raises(SubscriptionUnusable, match='has no branch "release"') as refusal:
        discover({"repoURL": git.url("app"), "branch": "release"}, around)
    assert "Its branches: main." in str(refusal.value)


def test_an_empty_repository_has_nothing(git, around):
    git.create("app", {})

    found = discover({"repoURL": git.url("app")}, around)

    assert found.found == ()


def test_asks_only_for_refs_while_nothing_moved(git, around, again):
    fill(git, {"a": "1"})
    spec = {"repoURL": git.url("app")}
    first = discover(spec, around)
    fetches = git.requests["app", "fetch"]

    second = discover(spec, again(first))

    assert second == first
    assert git.requests["app", "fetch"] == fetches
    newest = git.commit("app", {"a": "2"}, "Move")
    assert ids(discover(spec, again(second)))[0] == newest


def test_does_not_copy_the_repository_again_for_a_second_subscription(git, around):
    fill(git, {"a": "1"}, {"a": "2"})
    discover({"repoURL": git.url("app")}, around)
    fetches = git.requests["app", "fetch"]

    discover({"repoURL": git.url("app"), "discoveryLimit": 1}, around)

    assert git.requests["app", "fetch"] == fetches


def test_a_push_outside_the_paths_finds_nothing_new(git, around, again):
    source, _ = fill(git, {"src/app.py": "1"}, {"env/prod/values.yaml": "tag: 1"})
    spec = {"repoURL": git.url("app"), "includePaths": ["src"]}
    first = discover(spec, around)
    assert ids(first) == [source]

    own_push = git.commit("app", {"env/prod/values.yaml": "tag: 2"}, "Promote", at=START + timedelta(hours=1))
    second = discover(spec, again(first))

    assert ids(second) == [source]
    assert (own_push, "touches no path of includePaths") in second.ignored


@pytest.mark.parametrize(
    ("rules", "taken"),
    [
        pytest.param({"includePaths": ["src"]}, [0, 2, 3], id="directory"),
        pytest.param({"excludePaths": ["docs"]}, [0, 2, 3], id="excluded and another file"),
        pytest.param({"includePaths": ["glob:**/*.md"]}, [1, 3], id="glob"),
        pytest.param({"includePaths": ["regex:^src/.*[.]go$"], "excludePaths": ["src/b.go"]}, [0], id="both"),
    ],
)
def test_path_selectors_look_at_what_each_commit_changed(git, around, rules, taken):
    commits = fill(git, {"src/a.go": "1"}, {"docs/a.md": "1"}, {"src/b.go": "1"}, {"docs/a.md": "2", "src/c": "1"})

    found = discover({"repoURL": git.url("app"), **rules}, around)

    assert ids(found) == [commits[number] for number in reversed(taken)]


def test_looks_far_back_for_commits_that_fit(git, around):
    commits = fill(git, {"wanted": "1"}, *({"other": str(number)} for number in range(30)))
    spec = {"repoURL": git.url("app"), "includePaths": ["wanted"], "discoveryLimit": 2}

    assert ids(discover(spec, around)) == [commits[0]]


def test_a_merge_counts_by_its_first_parent(git, around):
    base = fill(git, {"a": "1"})[0]
    side = git.commit("app", {"src/x": "1"}, "Side", branch="side", start=base, at=START + timedelta(minutes=1))
    merge = git.commit("app", {"src/x": "1"}, "Merge", merge=side, at=START + timedelta(minutes=2))

    found = discover({"repoURL": git.url("app"), "includePaths": ["src"]}, around)

    assert ids(found) == [merge]


def test_since_leaves_out_older_commits(git, around):
    commits = fill(git, {"a": "1"}, {"a": "2"}, {"a": "3"})
    spec = {"repoURL": git.url("app"), "since": "2025-01-01T00:00:30Z"}

    assert ids(discover(spec, around)) == [commits[2], commits[1]]


@pytest.mark.parametrize(
    ("expression", "taken"),
    [
        ('!(subject contains "1")', [2, 0]),
        ('author == "Sam Upstream <sam@example.com>"', [2, 1, 0]),
        ('commitDate > date("2025-01-01T00:01:30Z")', [2]),
        ('id == "nothing"', []),
    ],
)
def test_expressions_filter_commits(git, around, expression, taken):
    commits = fill(git, {"a": "1"}, {"a": "2"}, {"a": "3"})

    found = discover({"repoURL": git.url("app"), "expressionFilter": expression}, around)

    assert ids(found) == [commits[number] for number in taken]


@pytest.mark.parametrize("expression", ["subject ==", "unknown + 1", '"perhaps"'])
def test_an_expression_that_cannot_be_used_is_an_error(git, around, expression):
    fill(git, {"a": "1"})

    with pytest.raises(SubscriptionUnusable, match=r"expressionFilter .* cannot be used"):
        discover({"repoURL": git.url("app"), "expressionFilter": expression}, around)


def tag_all(git, *names):
    commits = fill(git, *({"a": str(number)} for number in range(len(names))))
    for number, (name, commit) in enumerate(zip(names, commits, strict=True)):
        at = START + timedelta(hours=number)
        git.tag("app", name, annotation=f"Release {name}", commit=commit, at=at)
    return commits


@pytest.mark.parametrize(
    ("rules", "taken"),
    [
        pytest.param({"commitSelectionStrategy": "SemVer"}, ["v1.10.0", "v1.9.0"], id="semver"),
        pytest.param(
            {"commitSelectionStrategy": "SemVer", "strictSemvers": False}, ["v2", "v1.10.0", "v1.9.0"], id="loose"
        ),
        pytest.param({"commitSelectionStrategy": "SemVer", "semverConstraint": "<1.10"}, ["v1.9.0"], id="constraint"),
        pytest.param({"commitSelectionStrategy": "Lexical"}, ["v2", "v1.9.0", "v1.10.0", "nightly"], id="lexical"),
        pytest.param(
            {"commitSelectionStrategy": "NewestTag"}, ["v1.9.0", "nightly", "v2", "v1.10.0"], id="newest tag"
        ),
        pytest.param(
            {"commitSelectionStrategy": "NewestTag", "ignoreTagsRegexes": ["night"], "allowTagsRegexes": ["^v1"]},
            ["v1.9.0", "v1.10.0"],
            id="tag filters",
        ),
        pytest.param({"commitSelectionStrategy": "Lexical", "discoveryLimit": 1}, ["v2"], id="discovery limit"),
    ],
)
def test_tags_by_each_strategy(git, around, rules, taken):
    tag_all(git, "v1.10.0", "v2", "nightly", "v1.9.0")

    found = discover({"repoURL": git.url("app"), **rules}, around)

    assert [item["tag"] for item in found.found] == taken


def test_a_tag_gives_the_commit_it_leads_to(git, around):
    commits = tag_all(git, "v1.0.0")

    found = discover({"repoURL": git.url("app"), "commitSelectionStrategy": "SemVer"}, around)

    assert ids(found) == commits
    assert found.observed["tags"][0]["name"] == "v1.0.0"
    assert found.observed["tags"][0]["id"] != commits[0]
    draft = SUBSCRIPTION.draft({"repoURL": git.url("app")}, "code", found.found[0])
    assert (draft.commit_id, draft.tag, draft.branch, draft.subscription_name) == (
        commits[0],
        "v1.0.0",
        "",
        "code",
    )


def test_tags_are_not_fetched_again_while_none_that_fits_moved(git, around, again):
    tag_all(git, "v1.0.0", "nightly")
    spec = {"repoURL": git.url("app"), "commitSelectionStrategy": "SemVer"}
    first = discover(spec, around)
    fetches = git.requests["app", "fetch"]

    git.tag("app", "nightly", commit=git.commit("app", {"b": "1"}, "More"))
    second = discover(spec, again(first))

    assert second == first
    assert git.requests["app", "fetch"] == fetches


def test_expressions_filter_tags(git, around):
    tag_all(git, "v1.0.0", "v1.1.0")
    expression = 'annotation == "Release v1.0.0" && tagger contains "Sam"'
    spec = {"repoURL": git.url("app"), "commitSelectionStrategy": "SemVer", "expressionFilter": expression}

    found = discover(spec, around)

    assert [item["tag"] for item in found.found] == ["v1.0.0"]
    assert ("v1.1.0", "expressionFilter is false for it") in found.ignored


def test_paths_filter_tags(git, around):
    commits = fill(git, {"src/a": "1"}, {"docs/a": "1"})
    git.tag("app", "v1.0.0", commit=commits[0])
    git.tag("app", "v2.0.0", commit=commits[1])
    spec = {"repoURL": git.url("app"), "commitSelectionStrategy": "SemVer", "includePaths": ["src"]}

    found = discover(spec, around)

    assert [item["tag"] for item in found.found] == ["v1.0.0"]


def test_a_tag_that_is_gone_is_no_longer_found(git, around):
    tag_all(git, "v1.0.0", "v1.1.0")
    spec = {"repoURL": git.url("app"), "commitSelectionStrategy": "SemVer"}
    discover(spec, around)
    (git.path("app") / "refs/tags/v1.1.0").unlink()

    found = discover(spec, replace(around, seen_after=datetime.now(UTC)))

    assert [item["tag"] for item in found.found] == ["v1.0.0"]


def test_a_private_repository_needs_its_credential_even_if_the_mirror_has_it(git, around):
    fill(git, {"a": "1"})
    git.accounts["app"] = ("bot", "right")
    spec = {"repoURL": git.url("app")}
    assert discover(spec, replace(around, credentials=BasicAuth("bot", "right"))).found

    for wrong in (None, BasicAuth("bot", "wrong")):
        with pytest.raises(Unauthorized):
            discover(spec, replace(around, credentials=wrong))


def test_stops_when_asked(git, around):
    fill(git, {"a": "1"})

    with pytest.raises(Aborted):
        discover({"repoURL": git.url("app")}, replace(around, should_stop=lambda: True))


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ({"commitSelectionStrategy": "NewestTag", "allowTags": "^v"}, "allowTagsRegexes"),
        ({"commitSelectionStrategy": "SemVer", "ignoreTags": ["latest"]}, "ignoreTagsRegexes"),
        ({"commitSelectionStrategy": "Oldest"}, '"Oldest" does not exist'),
        ({"includePaths": ["glob:["]}, "not a glob"),
        ({"allowTagsRegexes": ["("]}, "not a regular expression"),
    ],
)
def test_rules_that_cannot_be_used_say_so(git, around, rules, problem):
    fill(git, {"a": "1"})

    with pytest.raises((SubscriptionUnusable, SelectorError), match=problem):
        discover({"repoURL": git.url("app"), **rules}, around)
