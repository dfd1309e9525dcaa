"""Reading commits, tags and changed files from a mirror."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.errors import NotFound
from integrations.git.history import cut_subject, list_changed_files, list_tags, log_first_parent
from integrations.git.identity import Identity
from integrations.git.mirror import Wanted

ALL = Wanted(all_branches=True, all_tags=True)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_lists_commits_along_first_parents_newest_first(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "1"})
    first = git_server.head("app")
    side = git_server.commit("app", {"side.txt": "1"}, "Side", branch="side", start=first)
    second = git_server.commit("app", {"a.txt": "2"}, "Second\n\nBody", author=Identity("Ann", "a@x.org"), at=NOON)
    merge = git_server.commit("app", {"side.txt": "1"}, "Merge side", merge=side)
    mirror, refs = mirrors.update(workspace.remote("app"), ALL)

    commits = log_first_parent(mirror, refs.heads["main"], limit=10)
    page = log_first_parent(mirror, "refs/heads/main", limit=1, skip=1)

    assert [commit.id for commit in commits] == [merge, second, first]
    assert page == commits[1:2]
    assert (page[0].author, page[0].committed_at, page[0].subject) == ("Ann <a@x.org>", NOON, "Second")


def test_since_leaves_out_older_commits(mirrors, git_server, workspace):
    git_server.create("app", {})
    for hour in range(3):
        git_server.commit("app", {"a.txt": str(hour)}, f"At {hour}", at=NOON + timedelta(hours=hour))
    mirror, _ = mirrors.update(workspace.remote("app"), ALL)

    commits = log_first_parent(mirror, "refs/heads/main", limit=10, since=NOON + timedelta(minutes=30))

    assert [commit.subject for commit in commits] == ["At 2", "At 1"]


def test_changed_files_are_those_against_the_first_parent(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "same text", "b.txt": "b"})
    first = git_server.head("app")
    side = git_server.commit("app", {"side.txt": "1"}, "Side", branch="side", start=first)
    renamed = git_server.commit("app", {"a.txt": None, "moved/ä b.txt": "same text"}, "Rename")
    merge = git_server.commit("app", {"side.txt": "1"}, "Merge", merge=side)
    empty = git_server.commit("app", {}, "Nothing")
    mirror, _ = mirrors.update(workspace.remote("app"), ALL)

    changed = list_changed_files(mirror, [empty, merge, renamed, first])

    assert changed == {
        empty: (),
        merge: ("side.txt",),
        renamed: ("a.txt", "moved/ä b.txt"),
        first: ("a.txt", "b.txt"),
    }


def test_tags_come_by_creator_date_with_the_commit_they_lead_to(mirrors, git_server, workspace):
    git_server.create("app", {})
    old = git_server.commit("app", {"a.txt": "1"}, "Old", at=NOON)
    new = git_server.commit("app", {"a.txt": "2"}, "New", at=NOON + timedelta(days=2))
    git_server.tag("app", "light", commit=new)
    git_server.tag(
        "app",
        "v1",
        annotation="One\n\nMore",
        commit=old,
        tagger=Identity("T", "t@x.org"),
        at=NOON + timedelta(days=5),
    )
    git_server.tag("app", "nested", annotation="Of a tag", commit="v1", at=NOON + timedelta(days=1))
    git_server.tag("app", "tree", commit="main^{tree}")
    mirror, _ = mirrors.update(workspace.remote("app"), ALL)

    tags = list_tags(mirror)

    assert [(tag.name, tag.commit.id) for tag in tags] == [("v1", old), ("light", new), ("nested", old)]
    assert (tags[0].annotation, tags[0].tagger, tags[0].commit.subject) == ("One", "T <t@x.org>", "Old")
    assert (tags[1].annotation, tags[1].tagger) == ("", "")
    assert tags[1].created_at == NOON + timedelta(days=2)


def test_an_empty_mirror_has_no_tags(mirrors, git_server, workspace):
    git_server.create("app", {})
    mirror, refs = mirrors.update(workspace.remote("app"), ALL)

    assert (refs.head, list_tags(mirror)) == (None, [])


def test_an_unknown_start_is_not_found(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "1"})
    mirror, _ = mirrors.update(workspace.remote("app"), ALL)

    with pytest.raises(NotFound, match="does not have"):
        log_first_parent(mirror, "refs/heads/none", limit=1)


def test_a_long_subject_is_cut_to_eighty_bytes():
    assert cut_subject("x" * 80) == "x" * 80
    assert cut_subject("x" * 81) == "x" * 77 + "..."
    assert len(cut_subject("ä" * 60).encode()) <= 80
    assert cut_subject("first\nsecond") == "first"
