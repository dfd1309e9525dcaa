"""Repositories that mean harm, or are only odd: what git steps make of them."""

import subprocess
from pathlib import Path

import pytest

from integrations.errors import IntegrationError, NotFound, PushRejected, Rejected
from integrations.http_policy import HttpPolicy
from promotions.steps.base import Done, Skipped
from promotions.steps.git_work import load_worktree
from tests.servers.git import git_server

__all__ = ["git_server"]

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.fixture
def trap(tmp_path):
    """A directory that stays empty unless some program of the repository runs."""
    directory = tmp_path / "trap"
    directory.mkdir()
    return directory


def _clone(bench, url, path="src", **config):
    checkout = {"path": path, "branch": "main", **config.pop("checkout", {})}
    return bench.run("git-clone", {"repoURL": url, "checkout": [checkout], **config}, alias=f"clone {path}")


def _commit(bench, path="src"):
    return bench.run("git-commit", {"path": path, "message": "Change"}, alias="commit")


def _git(bench, *arguments, path="src"):
    return load_worktree(bench.context(), path)._git(*arguments).stdout.strip()


def _plant_repository(place: Path, trap: Path) -> None:
    """A repository whose settings, attributes and hooks all run something."""
    place.mkdir(parents=True)

    def git(*arguments):
        command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-C", str(place), *arguments]
        subprocess.run(command, check=True, capture_output=True)

    git("init")
    (place / "file").write_text("1")
    git("add", ".")
    git("commit", "-m", "x")
    (place / ".gitattributes").write_text("* filter=x diff=x\n")
    (place / "file").write_text("2")
    for key in ("filter.x.clean", "filter.x.smudge", "filter.x.process", "core.fsmonitor", "diff.x.textconv"):
        git("config", key, f"touch {trap}/{key}")
    hooks = place / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-commit", "post-checkout", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {trap}/{name}\n")
        (hooks / name).chmod(0o755)


def test_large_files_stay_pointers_and_no_filter_of_the_machine_runs(bench, git_server, trap, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    filters = "".join(f"\t{kind} = touch {trap}/{kind}\n" for kind in ("smudge", "clean", "process"))
    (home / ".gitconfig").write_text(f'[filter "lfs"]\n{filters}\trequired = true\n')
    monkeypatch.setenv("HOME", str(home))
    files = {".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "a.bin": POINTER}
    git_server.create("app", {**files, ".lfsconfig": "[lfs]\n\turl = http://127.0.0.1:1/\n"})

    _clone(bench, git_server.url("app"))
    assert bench.read("src/a.bin") == POINTER
    bench.write("src/a.bin", POINTER.replace("4d7a", "4d7b"))
    _commit(bench)

    assert "4d7b" in _git(bench, "cat-file", "blob", "HEAD:a.bin")
    assert not list(trap.iterdir())


def test_settings_that_the_repository_brings_along_do_not_count(bench, git_server, trap):
    run = f"touch {trap}/ran"
    settings = (
        f'[core]\n\tfsmonitor = {run}\n[include]\n\tpath = evil\n[filter "x"]\n\tclean = {run}\n\tsmudge = {run}\n'
    )
    attributes = "* filter=x merge=x\n"
    files = {".gitconfig": settings, "evil": settings, ".gitattributes": attributes, ".git-hooks/pre-commit": run}
    git_server.create("app", {**files, "a": "1"})

    _clone(bench, git_server.url("app"))
    bench.write("src/a", "2")
    ours = _commit(bench)
    git_server.commit("app", {"b": "1"}, "Theirs")
    pushed = bench.run("git-push", {"path": "src"})

    assert pushed.output["commit"] not in {ours.output["commit"], None}
    assert git_server.read("app", "main", "a") == "2"
    assert not list(trap.iterdir())


def test_a_repository_inside_the_work_tree_is_not_committed_and_runs_nothing(bench, git_server, trap):
    git_server.create("app", {"a": "1", "d/b": "1"})
    _clone(bench, git_server.url("app"))
    _plant_repository(bench.workdir / "src" / "d" / "vendor lib", trap)
    for path in trap.iterdir():
        path.unlink()

    for path in ("src", "src/d"):
        with pytest.raises(Rejected, match=r'"d/vendor lib" in the work tree is a git repository of its own'):
            _commit(bench, path)

    assert _git(bench, "status", "--porcelain", "--ignore-submodules=all") == '?? "d/vendor lib/"'
    assert not list(trap.iterdir())


def test_what_replaces_a_submodule_is_not_trusted(bench, git_server, trap):
    git_server.create("lib", {"lib.txt": "lib"})
    git_server.create("app", {"a": "1"})
    modules = f'[submodule "lib"]\n\tpath = lib\n\turl = {git_server.url("lib")}\n'
    git_server.commit("app", {".gitmodules": modules}, "Sub", submodules={"lib": git_server.head("lib")})
    _clone(bench, git_server.url("app"))
    (bench.workdir / "src" / "lib").rmdir()
    _plant_repository(bench.workdir / "src" / "lib", trap)
    for path in trap.iterdir():
        path.unlink()

    for kind in ("git-commit", "git-clear"):
        with pytest.raises(Rejected, match='"lib" is a submodule, but another repository was put in its place'):
            bench.run(kind, {"path": "src", "message": "x"} if kind == "git-commit" else {"path": "src"})

    assert not list(trap.iterdir())


def test_submodules_that_are_ours_are_committed_around_and_cleared(bench, git_server):
    git_server.create("lib", {"lib.txt": "lib"})
    git_server.create("app", {"a": "1"})
    modules = f'[submodule "lib"]\n\tpath = lib\n\turl = {git_server.url("lib")}\n'
    git_server.commit("app", {".gitmodules": modules}, "Sub", submodules={"lib": git_server.head("lib")})
    _clone(bench, git_server.url("app"), recurseSubmodules=True)

    assert isinstance(_commit(bench), Skipped)
    bench.write("src/a", "2")
    assert isinstance(_commit(bench), Done)
    assert bench.run("git-clear", {"path": "src"}) == Done()

    assert bench.files() == ["src/.git"]


@pytest.mark.parametrize("kind", ["file", "path", "private", "command"])
def test_submodules_do_not_lead_where_the_repository_may_not(bench, git_server, trap, tmp_path, kind):
    git_server.create("secret", {"s": "s"})
    bench.git.reach = HttpPolicy(allow_loopback=True)
    path = git_server.path("secret")
    url = {"file": f"file://{path}", "path": str(path), "private": "http://10.0.0.1/r"}.get(
        kind, git_server.url("secret")
    )
    modules = f'[submodule "lib"]\n\tpath = lib\n\turl = {url}\n'
    if kind == "command":
        modules += f"\tupdate = !touch {trap}/ran\n"
    git_server.create("app", {"a": "1"})
    git_server.commit("app", {".gitmodules": modules}, "Sub", submodules={"lib": git_server.head("secret")})

    with pytest.raises(IntegrationError):
        _clone(bench, git_server.url("app"), recurseSubmodules=True)

    assert "src/lib/s" not in bench.files()
    assert not list(trap.iterdir())


def test_a_link_in_the_repository_does_not_lead_out(bench, git_server, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    git_server.create("app", {"a": "1"})
    _clone(bench, git_server.url("app"))
    (bench.workdir / "src" / "out").symlink_to(outside)
    _commit(bench)
    bench.run("git-push", {"path": "src"})
    _clone(bench, git_server.url("app"))

    with pytest.raises(NotFound, match="not a work tree"):
        _commit(bench, "src/out")
    with pytest.raises(Rejected, match='Path "out" already exists'):
        _clone(bench, git_server.url("app"), "src/out", checkout={"branch": "", "tag": ""})

    assert not list(outside.iterdir())


@pytest.mark.parametrize("name", ["-x", "HEAD", "a b"])
def test_a_branch_with_a_name_that_git_cannot_use_is_not_made(bench, git_server, name):
    git_server.create("app", {"a": "1"})
    url = git_server.url("app")

    with pytest.raises(Rejected, match="cannot be the name of a branch"):
        _clone(bench, url, checkout={"branch": name, "create": True})
    _clone(bench, url)
    with pytest.raises(Rejected, match="cannot be the name of a branch"):
        bench.run("git-push", {"path": "src", "targetBranch": name})

    assert git_server.branches("app") == ["main"]


def test_a_branch_of_the_remote_that_looks_like_an_option_is_refused(bench, git_server):
    git_server.create("app", {"a": "1"})
    git_server.commit("app", {"b": "1"}, "Odd", branch="--force")

    with pytest.raises(Rejected, match='"--force" cannot be the name of a branch: it begins with "-"'):
        _clone(bench, git_server.url("app"), checkout={"branch": "--force"})
    _clone(bench, git_server.url("app"), checkout={"branch": "", "commit": git_server.head("app", "--force")})

    assert "src/b" in bench.files()


def test_a_name_that_nobody_can_read_does_not_spoil_the_others(bench, git_server):
    git_server.create("app", {"a": "1"})
    commit = git_server.commit("app", {"b": "1"}, "Side", branch="side")
    for ref in (b"refs/heads/bad\xff", b"refs/tags/bad\xff"):
        command = [b"git", b"-C", bytes(git_server.path("app")), b"update-ref", ref, commit.encode()]
        subprocess.run(command, check=True)

    _clone(bench, git_server.url("app"), checkout={"branch": "", "commit": commit})

    assert "src/b" in bench.files()


def test_a_branch_below_another_one_is_an_error_at_once(bench, git_server):
    git_server.create("app", {"a": "1"})
    git_server.commit("app", {"b": "1"}, "Env", branch="env")
    url = git_server.url("app")
    in_the_way = f'Branch "env/uat" cannot be made in "{url}": branch "env" is in its way'

    with pytest.raises(Rejected, match=in_the_way):
        _clone(bench, url, checkout={"branch": "env/uat", "create": True})
    _clone(bench, url)
    with pytest.raises(Rejected, match=in_the_way):
        bench.run("git-push", {"path": "src", "targetBranch": "env/uat"})

    assert not [line for _, line in bench.lines if "trying again" in line]


def test_branches_that_change_places_are_no_obstacle(bench, git_server):
    git_server.create("app", {"a": "1"})
    git_server.commit("app", {"b": "1"}, "Env", branch="env")
    _clone(bench, git_server.url("app"))
    for number, branch in enumerate(("env", "env/uat")):
        if branch == "env/uat":
            git_server.delete_branch("app", "env")
            git_server.commit("app", {"c": "1"}, "Uat", branch=branch)
        bench.write(f"src/{number}", "x")
        _commit(bench)
        commit = bench.run("git-push", {"path": "src", "targetBranch": branch}, alias=branch).output["commit"]
        assert git_server.head("app", branch) == commit


@pytest.mark.parametrize("create", [True, False])
def test_an_empty_repository_is_filled_through_a_branch_to_create(bench, git_server, create):
    git_server.create("void", {})
    if not create:
        with pytest.raises(NotFound, match='has no branch "main"'):
            _clone(bench, git_server.url("void"))
        return
    _clone(bench, git_server.url("void"), checkout={"create": True})
    bench.write("src/a", "1")
    commit = _commit(bench).output["commit"]

    assert bench.run("git-push", {"path": "src"}).output == {"commit": commit, "branch": "main"}
    assert git_server.files("void") == ["a"]


def test_a_message_without_words_is_an_error(bench, git_server):
    git_server.create("app", {"a": "1"})
    _clone(bench, git_server.url("app"))
    bench.write("src/a", "2")

    with pytest.raises(IntegrationError, match="empty commit message"):
        bench.run("git-commit", {"path": "src", "message": " \n"})


def test_a_tag_that_was_never_made_is_not_pushed(bench, git_server):
    git_server.create("app", {"a": "1"})
    _clone(bench, git_server.url("app"))

    with pytest.raises(NotFound, match='no tag "v9" in this clone: make it with git-tag first'):
        bench.run("git-push", {"path": "src", "tag": "v9"})


@pytest.mark.parametrize("status", [401, 404, 429, 503])
def test_a_server_that_fails_during_a_push_is_told_apart_from_a_race(bench, git_server, status):
    git_server.create("app", {"a": "1"})
    _clone(bench, git_server.url("app"))
    bench.write("src/a", "2")
    _commit(bench)
    git_server.fail_next(status, times=5)

    with pytest.raises(IntegrationError) as caught:
        bench.run("git-push", {"path": "src"})

    assert not isinstance(caught.value, PushRejected)
    assert caught.value.permanent is (status in {401, 404})
    assert len(git_server.log("app")) == 1
