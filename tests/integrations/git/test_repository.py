"""Clones of a promotion: borrowed objects, several work trees, taken target paths."""

import os
import shutil
import stat
import zlib
from pathlib import Path

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import IntegrationError, NotFound, PushRejected, Rejected
from integrations.git.mirror import Wanted
from integrations.git.registrations import find_registration, list_registrations

MAIN = Wanted(branches=("main",))
GOOD = BasicAuth("robot", "s3cret-Pass")


def test_a_second_clone_costs_no_fetch_and_borrows_the_objects(workspace, other_workspace):
    workspace.server.create("app", {"a.txt": "1"})
    workspace.checkout("app")

    tree = other_workspace.checkout("app")

    assert workspace.server.requests["app", "fetch"] == 1
    assert (tree.root / "a.txt").read_text() == "1"
    own = [path for path in (tree._clone / "repo" / "objects").rglob("*") if path.is_file()]
    assert [path.name for path in own] == ["alternates"]
    assert tree._git("config", "remote.origin.url").stdout.strip() == workspace.server.url("app")


def test_one_clone_has_several_work_trees(workspace):
    workspace.server.create("app", {"a.txt": "main"})
    first = workspace.server.head("app")
    workspace.server.commit("app", {"a.txt": "env"}, "Env", branch="env/prod")
    workspace.server.tag("app", "v1", annotation="One", commit=first)
    wanted = Wanted(branches=("main", "env/prod"), tags=("v1",), commits=(first[:12],))
    repository = workspace.clone("app", wanted)

    main = repository.add_worktree(workspace.work / "src", branch="main")
    env = repository.add_worktree(workspace.work / "deep/out", branch="env/prod")
    tag = repository.add_worktree(workspace.work / "tag", tag="v1")
    commit = repository.add_worktree(workspace.work / "commit", commit=first[:12])

    assert [(tree.root / "a.txt").read_text() for tree in (main, env, tag, commit)] == [
        "main",
        "env",
        "main",
        "main",
    ]
    assert [tree.current_branch() for tree in (main, env, tag, commit)] == ["main", "env/prod", None, None]
    assert commit.head() == tag.head() == first
    (workspace.work / "empty").mkdir()
    for name in ("again", "empty"):
        with pytest.raises(IntegrationError, match="already checked out"):
            repository.add_worktree(workspace.work / name, branch="main")
    assert not (workspace.work / "again").exists()


def test_without_a_ref_the_default_branch_is_checked_out(workspace):
    workspace.server.create("app", {"a.txt": "1"})

    tree = workspace.clone("app", Wanted(default_branch=True)).add_worktree(workspace.work / "src")

    assert tree.current_branch() == "main"


def test_an_empty_repository_asks_for_a_branch_to_create(workspace):
    workspace.server.create("app", {})
    repository = workspace.clone("app", Wanted(default_branch=True))

    with pytest.raises(NotFound, match="create: true"):
        repository.add_worktree(workspace.work / "src")
    commit = repository.create_orphan_branch("env/prod", workspace.remote("app"))
    tree = repository.add_worktree(workspace.work / "src", branch="env/prod")

    assert workspace.server.head("app", "env/prod") == tree.head() == commit
    assert workspace.server.files("app", "env/prod") == []


def test_creating_a_branch_that_somebody_else_just_made_is_refused(workspace):
    workspace.server.create("app", {"a.txt": "1"})
    repository = workspace.clone("app", MAIN)
    workspace.server.commit("app", {"b.txt": "1"}, "First", branch="env")

    with pytest.raises(PushRejected):
        repository.create_orphan_branch("env", workspace.remote("app"))


@pytest.mark.parametrize("branch", ["feature/ü-✓", "v1", "a.b-c_d+e", "@x", "dash-/--x", "main@2"])
def test_odd_branch_names_are_checked_out_and_pushed(workspace, branch):
    workspace.server.create("app", {"a.txt": "1"})
    workspace.server.tag("app", "v1")
    commit = workspace.server.commit("app", {"b.txt": "2"}, "Odd", branch=branch)
    tree = workspace.clone("app", Wanted(branches=(branch,), all_tags=True)).add_worktree(
        workspace.work / "src", branch=branch
    )
    (tree.root / "c.txt").write_text("3")

    tree.commit("More")
    tree.push(branch, tree.remote(None))

    assert tree.current_branch() == branch
    assert workspace.server.log("app", branch) == [tree.head(), commit]


@pytest.mark.parametrize(
    "target",
    [
        {"branch": "none"},
        {"tag": "none"},
        {"commit": "f" * 40},
        {"commit": "--help"},
        {"branch": "--orphan"},
        {"branch": "main~0"},
        {"tag": "../heads/main"},
    ],
    ids=str,
)
def test_what_the_repository_does_not_have_is_not_found(workspace, target):
    workspace.server.create("app", {"a.txt": "1"})

    with pytest.raises(NotFound):
        workspace.clone("app", MAIN).add_worktree(workspace.work / "src", **target)


def test_a_second_run_replaces_the_work_tree_and_its_clone(workspace):
    workspace.server.create("app", {"a.txt": "1", ".gitignore": "*.log\n"})
    old = workspace.checkout("app")
    (old.root / "a.txt").write_text("changed")
    (old.root / "run.log").write_text("ignored")
    (old.root / "locked").mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
    commit = workspace.server.commit("app", {"a.txt": "2"}, "Second")

    new = workspace.checkout("app")

    assert new.head() == commit
    assert sorted(path.name for path in new.root.iterdir()) == [".git", ".gitignore", "a.txt"]
    assert [path.name for path in workspace.clones.iterdir()] == [new._clone.name]


def test_a_discarded_work_tree_leaves_the_others_of_its_clone(workspace):
    workspace.server.create("app", {"a.txt": "1"})
    workspace.server.commit("app", {"a.txt": "env"}, "Env", branch="env")
    repository = workspace.clone("app", Wanted(branches=("main", "env")))
    repository.add_worktree(workspace.work / "src", branch="main")
    kept = repository.add_worktree(workspace.work / "out", branch="env")

    workspace.checkout("app", path="src")

    assert kept.head() == workspace.server.head("app", "env")
    assert len(list(list_registrations(workspace.clones))) == 2


def test_a_discard_that_was_killed_half_way_is_finished_by_the_next_run(workspace):
    workspace.server.create("app", {"a.txt": "1", "b.txt": "1"})
    tree = workspace.checkout("app")
    (tree.root / "a.txt").unlink()

    again = workspace.checkout("app")

    assert (again.root / "a.txt").read_text() == "1"


def test_an_empty_directory_is_used(workspace):
    workspace.server.create("app", {"a.txt": "1"})
    (workspace.work / "src").mkdir()

    assert (workspace.checkout("app").root / "a.txt").exists()


@pytest.mark.parametrize("kind", ["file", "directory", "link", "dangling link"])
def test_a_path_taken_by_something_else_is_never_touched(workspace, tmp_path, kind):
    workspace.server.create("app", {"a.txt": "1"})
    target = workspace.work / "src"
    if kind == "file":
        target.write_text("mine")
    elif kind == "directory":
        target.mkdir()
        (target / "mine").touch()
    else:
        target.symlink_to(workspace.work.parent if kind == "link" else tmp_path / "nowhere")

    with pytest.raises(Rejected, match="already exists"):
        workspace.checkout("app")

    assert os.path.lexists(target)
    assert not (target / "a.txt").exists()


def test_a_work_tree_that_a_step_deleted_and_replaced_is_no_work_tree_any_more(workspace):
    workspace.server.create("app", {"a.txt": "1"})
    tree = workspace.checkout("app")
    shutil.rmtree(tree.root)
    tree.root.mkdir()
    (tree.root / "mine").touch()

    assert find_registration(workspace.clones, tree.root) is None
    with pytest.raises(Rejected):
        workspace.checkout("app")


def test_sparse_directories_and_top_level_files_are_there_alone(workspace):
    workspace.server.create("app", {"top.txt": "1", "apps/a/x": "1", "apps/b/x": "1", "other/y": "1"})
    repository = workspace.clone("app", MAIN)

    tree = repository.add_worktree(workspace.work / "src", branch="main", sparse=["apps/a"])
    (tree.root / "apps/a/x").write_text("2")
    tree.commit("Sparse")
    tree.push("main", tree.remote(None))

    found = sorted(str(path.relative_to(tree.root)) for path in tree.root.rglob("*") if path.is_file())
    assert found == [".git", "apps/a/x", "top.txt"]
    assert workspace.server.files("app") == ["apps/a/x", "apps/b/x", "other/y", "top.txt"]


@pytest.mark.parametrize("pattern", ["/abs", "../up", "a*", "a?", "a[b"])
def test_sparse_patterns_that_are_no_directories_are_refused(workspace, pattern):
    workspace.server.create("app", {"a.txt": "1"})

    with pytest.raises(IntegrationError, match="Sparse pattern"):
        workspace.clone("app", MAIN).add_worktree(workspace.work / "src", branch="main", sparse=[pattern])

    assert not (workspace.work / "src").exists()


def test_damage_that_shows_only_at_checkout_heals_the_mirror(workspace):
    workspace.server.create("app", {"a.txt": "text of a"})
    mirror, _ = workspace.mirrors.update(workspace.remote("app"), MAIN)
    for file in mirror.path.glob("objects/??/*"):
        if b"blob" in zlib.decompress(file.read_bytes())[:4]:
            file.chmod(0o600)
            file.unlink()

    tree = workspace.checkout("app")

    assert (tree.root / "a.txt").read_text() == "text of a"


def test_the_used_commit_is_kept_until_the_promotion_lets_go(workspace):
    workspace.server.create("app", {"a.txt": "1"})
    tree = workspace.checkout("app")
    mirror = workspace.mirrors.open(workspace.remote("app"))

    assert mirror.kept("promotion-1") == [tree.head()]
    mirror.release("promotion-1")
    assert mirror.kept() == []


def test_the_password_is_in_no_argument_and_no_environment(workspace, tmp_path, monkeypatch):
    record = tmp_path / "seen"
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\n{{ echo "$@"; env; }} >> {record}\nexec {shutil.which("git")} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("KARGOWEB_SECRET_KEY", "worker-secret")
    workspace.server.create("app", {"a.txt": "1"})
    workspace.server.accounts["app"] = (GOOD.username, GOOD.password)

    tree = workspace.clone("app", MAIN, GOOD).add_worktree(workspace.work / "src", branch="main")
    tree.push("other", tree.remote(GOOD))

    seen = Path(record).read_text()
    assert "ls-remote" in seen
    assert "push" in seen
    assert GOOD.password not in seen
    assert "worker-secret" not in seen


def test_submodules_of_the_same_host_are_fetched_when_asked(workspace):
    workspace.server.create("lib", {"lib.txt": "lib"})
    commit = workspace.server.head("lib")
    workspace.server.create("app", {"a.txt": "1"})
    modules = f'[submodule "lib"]\n\tpath = vendor/lib\n\turl = {workspace.server.url("lib")}\n'
    workspace.server.commit("app", {".gitmodules": modules}, "Add lib", submodules={"vendor/lib": commit})
    workspace.server.accounts |= {
        "app": (GOOD.username, GOOD.password),
        "lib": (GOOD.username, GOOD.password),
    }
    tree = workspace.clone("app", MAIN, GOOD).add_worktree(workspace.work / "src", branch="main")
    assert not (tree.root / "vendor/lib/lib.txt").exists()

    tree.update_submodules(tree.remote(GOOD))

    assert (tree.root / "vendor/lib/lib.txt").read_text() == "lib"
    (tree.root / "a.txt").write_text("2")
    tree.commit("Beside the submodule")
    tree.clear()
    assert not (tree.root / "vendor/lib").exists()
