"""Refs read from files are those that git lists."""

import subprocess

import pytest

from integrations.git.ref_files import UnreadableRef, find_ref, list_ref_files


def git(directory, *arguments):
    command = ["git", "-c", "user.name=Sam", "-c", "user.email=sam@example.com", "-C", str(directory), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path):
    """One packed branch, one loose, one both, and an annotated tag that is packed with what it points at."""
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main")
    tree = git(tmp_path, "mktree")
    first = git(tmp_path, "commit-tree", tree, "-m", "First")
    second = git(tmp_path, "commit-tree", tree, "-p", first, "-m", "Second")
    git(tmp_path, "update-ref", "refs/heads/main", first)
    git(tmp_path, "update-ref", "refs/heads/env/dev", first)
    git(tmp_path, "tag", "--annotate", "-m", "One", "v1", first)
    git(tmp_path, "pack-refs", "--all")
    git(tmp_path, "update-ref", "refs/heads/env/dev", second)
    git(tmp_path, "update-ref", "refs/heads/new", second)
    return tmp_path


def test_lists_what_git_lists(repository):
    listed = git(repository, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags")

    assert list_ref_files(repository, "refs/heads", "refs/tags") == dict(line.split() for line in listed.splitlines())


def test_a_loose_ref_outranks_a_packed_one(repository):
    assert find_ref(repository, "refs/heads/env/dev") == git(repository, "rev-parse", "new")


def test_a_ref_that_is_not_there_is_none(repository):
    assert find_ref(repository, "refs/heads/env") is None
    assert find_ref(repository, "refs/heads/other") is None


def test_only_the_folders_asked_for_are_listed(repository):
    assert set(list_ref_files(repository, "refs/tags")) == {"refs/tags/v1"}


def test_a_file_that_holds_no_object_id_is_refused(repository):
    (repository / "refs/heads/new").write_text("garbage\n")

    with pytest.raises(UnreadableRef, match="refs/heads/new"):
        list_ref_files(repository, "refs/heads")
