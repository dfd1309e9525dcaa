"""git-clear and git-commit."""

import subprocess

import pytest

from integrations.errors import NotFound
from promotions.steps.base import Done, Skipped
from tests.servers.git import git_server

__all__ = ["git_server"]


@pytest.fixture
def src(bench, git_server):
    """A work tree at `src`, on main."""
    git_server.create("app", {"app.yaml": "v: 1\n", "d/a": "a", ".gitignore": "*.log\n"})
    author = {"name": "Robot", "email": "robot@example.com"}
    config = {"repoURL": git_server.url("app"), "checkout": [{"path": "src", "branch": "main"}], "author": author}
    bench.run("git-clone", config, alias="clone")
    return bench


def _git(bench, *arguments):
    command = ["git", "-c", "safe.directory=*", "-C", str(bench.workdir / "src"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _commit(bench, message="Change", *, path="src", alias="commit", **config):
    return bench.run("git-commit", {"path": path, "message": message, **config}, alias=alias)


def test_clear_removes_tracked_and_new_files_but_not_ignored_ones(src):
    src.write("src/new")
    src.write("src/x.log")

    assert src.run("git-clear", {"path": "src"}) == Done()

    assert src.files() == ["src/.git", "src/x.log"]


def test_clear_of_a_cleared_work_tree_is_harmless(src):
    src.run("git-clear", {"path": "src"})

    assert src.run("git-clear", {"path": "src"}) == Done()
    assert src.files() == ["src/.git"]


@pytest.mark.parametrize("kind", ["git-clear", "git-commit"])
@pytest.mark.parametrize("path", ["elsewhere", "."])
def test_a_path_that_is_no_work_tree_is_an_error(src, kind, path):
    src.write("elsewhere/a")
    config = {"path": path} if kind == "git-clear" else {"path": path, "message": "x"}

    with pytest.raises(NotFound, match="is not a work tree: check it out with git-clone") as caught:
        src.run(kind, config)

    assert "secret-place" not in str(caught.value)


def test_commits_all_changes_as_the_author_of_the_clone(src):
    src.write("src/app.yaml", "v: 2\n")
    src.write("src/new", "n")
    (src.workdir / "src/d/a").unlink()

    result = _commit(src, "Subject\n\nBody # no comment")

    assert result == Done({"commit": _git(src, "rev-parse", "HEAD")})
    assert _git(src, "log", "-1", "--format=%an <%ae> %cn|%B") == (
        "Robot <robot@example.com> Robot|Subject\n\nBody # no comment"
    )
    assert _git(src, "show", "--name-status", "--format=", "HEAD").split() == [
        "M",
        "app.yaml",
        "D",
        "d/a",
        "A",
        "new",
    ]


def test_an_author_of_its_own_is_author_and_committer(src):
    src.write("src/new")

    _commit(src, author={"name": "Ann", "email": "ann@example.com"})

    assert _git(src, "log", "-1", "--format=%an %ae %cn %ce") == "Ann ann@example.com Ann ann@example.com"


def test_without_changes_it_is_skipped_with_the_commit_there_is(src, git_server):
    for _ in range(2):
        result = _commit(src)
        assert isinstance(result, Skipped)
        assert result.output == {"commit": git_server.head("app")}


def test_ignored_files_are_no_change(src):
    src.write("src/x.log")

    assert isinstance(_commit(src), Skipped)


def test_a_subdirectory_stages_only_what_is_below_it(src):
    src.write("src/d/new")
    src.write("src/outside")

    _commit(src, path="src/d")

    assert _git(src, "show", "--name-only", "--format=", "HEAD") == "d/new"


def test_a_run_after_an_interrupted_one_reports_the_commit_it_made(src):
    src.write("src/new")
    made = _commit(src)  # its result was never saved: the worker died

    again = _commit(src)

    assert isinstance(again, Done)
    assert again.output == made.output
    assert _git(src, "rev-list", "--count", "HEAD") == "2"


def test_a_worker_killed_right_after_the_commit_loses_nothing(src):
    class Killed(BaseException):
        pass

    def die(text, stream):
        if text.startswith("Committed"):
            raise Killed

    src.write("src/new")
    log, src.lines = src.lines, _DyingList(die)
    with pytest.raises(Killed):
        _commit(src)
    src.lines = log

    result = _commit(src)

    assert isinstance(result, Done)
    assert result.output == {"commit": _git(src, "rev-parse", "HEAD")}
    assert _git(src, "rev-list", "--count", "HEAD") == "2"


class _DyingList(list):
    def __init__(self, react):
        super().__init__()
        self._react = react

    def append(self, line):
        self._react(line[1], line[0])


def test_another_step_does_not_claim_the_commit(src):
    src.write("src/new")
    _commit(src, alias="first")

    assert isinstance(_commit(src, alias="second"), Skipped)


def test_a_fresh_checkout_makes_it_forget_the_commit_of_the_earlier_one(src, git_server):
    src.write("src/new")
    _commit(src)
    src.run("git-push", {"path": "src"}, alias="push")
    config = {"repoURL": git_server.url("app"), "checkout": [{"path": "src", "branch": "main"}]}
    src.run("git-clone", config, alias="clone")

    assert isinstance(_commit(src), Skipped)


def test_a_skipped_run_does_not_claim_what_a_push_brought_in_later(src, git_server):
    assert isinstance(_commit(src), Skipped)
    git_server.commit("app", {"theirs": "x"}, "Theirs")
    src.run("git-push", {"path": "src"}, alias="push")

    assert isinstance(_commit(src), Skipped)


def test_hooks_of_the_repository_do_not_run(src):
    hook = src.write("src/.husky/pre-commit", "#!/bin/sh\nexit 1\n", mode=0o755)
    _git(src, "config", "core.hooksPath", str(hook.parent))

    assert isinstance(_commit(src), Done)
