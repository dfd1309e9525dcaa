"""Join rules: which versions belong together."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from freight.joins import (
    MAX_SETS,
    REVISION_KEY,
    SOURCE_KEY,
    Candidates,
    JoinRule,
    JoinRuleUnusable,
    join,
    parse_join_rule,
    quiet_until,
)
from freight.manifests import WarehouseManifest

GIT, IMAGE, CHART = "https://git.example.com/acme/app.git", "ghcr.io/acme/app", "oci://ghcr.io/acme/charts/app"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BY_TAG, BY_REVISION = JoinRule("tag"), JoinRule("revision", REVISION_KEY)


def commits(*ids: str, repo: str = GIT) -> Candidates:
    return Candidates("git", repo, tuple({"id": sha, "tag": ""} for sha in ids))


def images(*pairs: tuple[str, str], repo: str = IMAGE, source: str = "") -> Candidates:
    """(tag, revision) each; an empty revision is none."""
    facts = {SOURCE_KEY: source} if source else {}
    items = [{"tag": tag, "annotations": facts | ({REVISION_KEY: sha} if sha else {})} for tag, sha in pairs]
    return Candidates("image", repo, tuple(items))


def charts(*versions: str) -> Candidates:
    return Candidates("chart", CHART, tuple({"name": "", "version": version} for version in versions))


def never(_items: object) -> bool:
    raise AssertionError("only expressions are evaluated")


def sha(letter: str) -> str:
    return letter * 40


def test_without_a_rule_the_best_of_each_is_taken():
    joined = join(parse_join_rule({}), [commits(sha("a"), sha("b")), images(("2", ""), ("1", ""))], never)

    assert (joined.picks, joined.waiting) == ((0, 0), ())


def test_an_image_of_another_commit_waits_for_its_own():
    joined = join(BY_REVISION, [commits(sha("c"), sha("b")), images(("2", sha("b")), ("1", sha("a")))], never)

    assert joined.picks == (1, 0)
    assert [one.sentence for one in joined.waiting] == [f"waiting for {IMAGE}: no image built from ccccccc yet"]


def test_nothing_is_made_while_no_commit_has_its_image():
    joined = join(BY_REVISION, [commits(sha("c")), images(("1", sha("a")))], never)

    assert joined.picks is None
    assert [one.text for one in joined.waiting] == ["no image built from ccccccc yet"]


def test_a_shortened_revision_in_a_label_is_the_commit():
    image = Candidates("image", IMAGE, ({"tag": "1", "annotations": {}, "labels": {REVISION_KEY: "BBBBBBB"}},))

    assert join(BY_REVISION, [commits(sha("c"), sha("b")), image], never).picks == (1, 0)


def test_images_that_say_nothing_are_told_of():
    joined = join(BY_REVISION, [commits(sha("c")), images(("1", ""))], never)

    assert joined.picks is None
    assert REVISION_KEY in joined.waiting[0].text


def test_each_image_joins_the_repository_that_it_names_as_its_source():
    other = "https://git.example.com/acme/api"
    found = [
        commits(sha("a")),
        commits(sha("e"), sha("d"), repo=f"{other}.git"),
        images(("9", sha("d")), repo="ghcr.io/acme/api", source=other),
        images(("5", sha("a"))),
    ]

    joined = join(BY_REVISION, found, never)

    assert joined.picks == (0, 1, 0, 0)
    assert [one.repo_url for one in joined.waiting] == ["ghcr.io/acme/api"]


def test_images_without_any_commit_join_by_what_they_were_built_from():
    found = [images(("2", sha("b")), ("1", sha("a"))), images(("7", sha("a")), repo="ghcr.io/acme/worker")]

    assert join(BY_REVISION, found, never).picks == (1, 0)


def test_charts_take_part_in_no_revision():
    assert join(BY_REVISION, [commits(sha("a")), images(("1", sha("a"))), charts("2.0.0")], never).picks == (0, 0, 0)


@pytest.mark.parametrize(
    ("tags", "versions", "picks"),
    [
        (["v1.4.0", "v1.3.0"], ["1.4.0", "1.3.0"], (0, 0)),
        (["1.4.0", "1.3.0"], ["1.3.0"], (1, 0)),
        (["1.3.0"], ["1.5.0", "1.3.0"], (0, 1)),
        (["1.4.0"], ["1.3.0"], None),
        (["version-1"], ["1"], None),
    ],
)
def test_equal_tags_belong_together(tags, versions, picks):
    joined = join(BY_TAG, [images(*((tag, "") for tag in tags)), charts(*versions), commits(sha("a"))], never)

    assert joined.picks == (None if picks is None else (*picks, 0))


def test_what_waits_for_a_tag_is_told_for_both_sides():
    joined = join(BY_TAG, [images(("1.4.0", "")), charts("1.3.0")], never)

    assert {one.sentence for one in joined.waiting} == {
        f"waiting for {CHART}: no chart tagged 1.4.0 yet",
        f"waiting for {IMAGE}: no image tagged 1.3.0 yet",
    }


def test_an_expression_takes_the_nearest_set_that_it_is_true_for():
    rule = JoinRule("expression", "tags differ")
    found = [images(("3", ""), ("2", ""), ("1", "")), images(("2", ""), ("1", ""), repo="ghcr.io/acme/worker")]

    joined = join(rule, found, lambda items: items[0]["tag"] == items[1]["tag"])

    assert joined.picks == (1, 0)
    assert "tags differ" in joined.waiting[0].text


def test_an_expression_is_not_tried_for_ever():
    tried = []
    many = images(*((str(number), "") for number in range(100)))

    joined = join(JoinRule("expression", "false"), [many, many, many], lambda items: bool(tried.append(items)))

    assert joined.picks is None
    assert len(tried) == MAX_SETS


@pytest.mark.parametrize(
    ("annotations", "rule"),
    [
        ({}, JoinRule()),
        ({"kargoweb.dev/join": " tag "}, BY_TAG),
        ({"kargoweb.dev/join": "revision"}, BY_REVISION),
        ({"kargoweb.dev/join": "revision:com.acme.commit"}, JoinRule("revision", "com.acme.commit")),
        ({"kargoweb.dev/join": "1 == 1"}, JoinRule("expression", "1 == 1")),
        ({"kargoweb.dev/quiet-period": "1m30s"}, JoinRule(quiet=timedelta(seconds=90))),
    ],
)
def test_annotations_are_read(annotations, rule):
    assert parse_join_rule(annotations) == rule


@pytest.mark.parametrize(
    ("annotations", "said"),
    [
        ({"kargoweb.dev/join": "tags"}, "Set it to tag"),
        ({"kargoweb.dev/join": "1 =="}, "cannot be read"),
        ({"kargoweb.dev/quiet-period": "soon"}, "write for example"),
        ({"kargoweb.dev/quiet-period": "999h"}, "The longest is 168h"),
    ],
)
def test_an_annotation_that_says_nothing_is_refused(annotations, said):
    with pytest.raises(JoinRuleUnusable, match=said):
        parse_join_rule(annotations)


def test_a_set_is_quiet_when_its_period_is_over():
    rule = JoinRule(quiet=timedelta(minutes=5))

    assert quiet_until(rule, since=NOW, now=NOW + timedelta(minutes=4)) == NOW + timedelta(minutes=5)
    assert quiet_until(rule, since=NOW, now=NOW + timedelta(minutes=5)) is None
    assert quiet_until(JoinRule(), since=NOW, now=NOW) is None


REVISIONS = st.sampled_from([sha(letter) for letter in "abcdef"])
COMMITS = st.lists(REVISIONS, min_size=1, max_size=5, unique=True)
BUILDS = st.lists(st.one_of(st.just(""), REVISIONS), min_size=1, max_size=6)
TAGS = st.lists(st.sampled_from(["1.0", "v1.0", "1.1", "2.0", "v2.0"]), min_size=1, max_size=4, unique=True)


@given(ids=COMMITS, builds=st.lists(BUILDS, min_size=1, max_size=3))
def test_no_set_ever_mixes_commits(ids: list[str], builds: list[list[str]]) -> None:
    found = [commits(*ids)] + [
        images(*((str(n), revision) for n, revision in enumerate(built)), repo=f"ghcr.io/acme/{number}")
        for number, built in enumerate(builds)
    ]

    joined = join(BY_REVISION, found, never)

    complete = [number for number, commit in enumerate(ids) if all(commit in built for built in builds)]
    if joined.picks is None:
        assert complete == []
        assert joined.waiting
    else:
        assert joined.picks[0] == complete[0]
        assert {built[pick] for built, pick in zip(builds, joined.picks[1:], strict=True)} == {ids[joined.picks[0]]}
        assert bool(joined.waiting) == (joined.picks[0] > 0)


@given(lists=st.lists(TAGS, min_size=1, max_size=4))
def test_no_set_ever_mixes_tags(lists: list[list[str]]) -> None:
    found = [images(*((tag, "") for tag in tags), repo=f"ghcr.io/acme/{n}") for n, tags in enumerate(lists)]

    joined = join(BY_TAG, found, never)

    common = set.intersection(*({tag.removeprefix("v") for tag in tags} for tags in lists))
    if joined.picks is None:
        assert common == set()
    else:
        taken = {tags[pick].removeprefix("v") for tags, pick in zip(lists, joined.picks, strict=True)}
        assert len(taken) == 1
        assert taken <= common
        assert next(tag.removeprefix("v") for tag in lists[0] if tag.removeprefix("v") in common) in taken


@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3), data=st.data())
def test_an_expression_gets_the_set_with_the_newest_versions(sizes: list[int], data: st.DataObject) -> None:
    found = [images(*((str(n), "") for n in range(size)), repo=f"r{place}") for place, size in enumerate(sizes)]
    wanted = data.draw(st.sets(st.tuples(*(st.integers(0, size - 1) for size in sizes)), max_size=5))

    joined = join(JoinRule("expression", "x"), found, lambda items: tuple(int(i["tag"]) for i in items) in wanted)

    assert joined.picks in wanted if wanted else joined.picks is None
    if joined.picks is not None:
        assert sum(joined.picks) == min(map(sum, wanted))


def test_a_manifest_with_a_rule_that_cannot_be_read_is_refused() -> None:
    manifest = {
        "apiVersion": "kargo.akuity.io/v1alpha1",
        "kind": "Warehouse",
        "metadata": {"name": "web", "annotations": {"kargoweb.dev/join": "tags"}},
        "spec": {"subscriptions": [{"image": {"repoURL": IMAGE}}]},
    }

    with pytest.raises(ValidationError, match="Set it to tag"):
        WarehouseManifest.model_validate(manifest)
    manifest["metadata"]["annotations"]["kargoweb.dev/join"] = "tag"
    assert WarehouseManifest.model_validate(manifest).metadata.annotations == {"kargoweb.dev/join": "tag"}
