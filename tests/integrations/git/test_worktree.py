"""Work trees: clear, commit, tag, integrate, push."""

import shutil

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import IntegrationConflict, NotFound, PushRejected, Rejected, Unauthorized
from integrations.git.environment import SILENT
from integrations.git.identity import Identity
from integrations.git.mirror import Wanted
from integrations.git.worktree import PushPolicy

REBASE = PushPolicy.ALWAYS_REBASE


def test_commits_changes_with_the_identity_of_the_clone(workspace):
    workspace.server.create("app", {"a.txt": "one\n"})
    tree = workspace.checkout("app")
    (tree.root / "a.txt").write_text("two\n")
    (tree.root / "new.txt").write_text("new\n")

    commit = tree.commit("Change a\n\n# kept\n")
    tree.push("main", tree.remote(None))

    assert commit == tree.head() == workspace.server.log("app")[0]
    assert workspace.server.read("app", "main", "a.txt") == "two\n"
    shown = tree._git("log", "-1", "--format=%an <%ae>|%cn <%ce>|%B").stdout
    assert shown.strip() == "Kargo <no-reply@kargo.io>|Kargo <no-reply@kargo.io>|Change a\n\n# kept"


def test_an_author_of_one_commit_replaces_author_and_committer(workspace):
    workspace.server.create("app", {"a.txt": "one\n"})
    tree = workspace.checkout("app")
    (tree.root / "a.txt").write_text("two\n")

    tree.commit("Change", author=Identity("Ann", "ann@example.com"))

    assert tree._git("log", "-1", "--format=%an %ce").stdout.strip() == "Ann ann@example.com"


def test_commits_nothing_when_nothing_changed(workspace):
    workspace.server.create("app", {"a.txt": "one\n"})
    tree = workspace.checkout("app")

    assert tree.commit("Nothing") is None
    assert tree.head() == workspace.server.head("app")


def test_a_path_inside_the_work_tree_stages_only_what_is_below(workspace):
    workspace.server.create("app", {"env/a.txt": "one\n", "b.txt": "one\n"})
    tree = workspace.checkout("app")
    (tree.root / "env/a.txt").write_text("two\n")
    (tree.root / "b.txt").write_text("two\n")

    workspace.load("src/env").commit("Only env")
    tree.push("main", tree.remote(None))

    assert workspace.server.read("app", "main", "env/a.txt") == "two\n"
    assert workspace.server.read("app", "main", "b.txt") == "one\n"


def test_clear_removes_tracked_and_new_files_and_leaves_ignored_ones(workspace):
    workspace.server.create("app", {"a.txt": "one\n", ".gitignore": "*.log\n", "sub/b.txt": "b\n"})
    tree = workspace.checkout("app")
    (tree.root / "new.txt").write_text("new\n")
    (tree.root / "run.log").write_text("ignored\n")

    tree.clear()

    assert sorted(path.name for path in tree.root.iterdir()) == [".git", "run.log"]


def test_a_foreign_push_in_between_is_refused_and_then_rebased_under_ours(workspace):
    workspace.server.create("app", {"a.txt": "one\n"})
    tree = workspace.checkout("app")
    (tree.root / "ours.txt").write_text("ours\n")
    tree.commit("Ours")
    foreign = workspace.server.commit("app", {"theirs.txt": "theirs\n"}, "Theirs")

    with pytest.raises(PushRejected):
        tree.push("main", tree.remote(None))
    tree.integrate("main", tree.remote(None), policy=REBASE)
    tree.push("main", tree.remote(None))

    assert workspace.server.log("app")[:2] == [tree.head(), foreign]
    assert workspace.server.files("app") == ["a.txt", "ours.txt", "theirs.txt"]


def test_merging_keeps_both_histories(workspace):
    workspace.server.create("app", {"a.txt": "one\n"})
    tree = workspace.checkout("app")
    (tree.root / "ours.txt").write_text("ours\n")
    ours = tree.commit("Ours")
    foreign = workspace.server.commit("app", {"theirs.txt": "theirs\n"}, "Theirs")

    tree.integrate("main", tree.remote(None), policy=PushPolicy.ALWAYS_MERGE)

    assert tree._git("log", "-1", "--format=%P").stdout.split() == [ours, foreign]


@pytest.mark.parametrize("policy", [REBASE, PushPolicy.ALWAYS_MERGE])
def test_a_conflict_names_the_files_and_leaves_the_work_tree_as_it_was(workspace, policy):
    workspace.server.create("app", {"a.txt": "one\n"})
    tree = workspace.checkout("app")
    (tree.root / "a.txt").write_text("ours\n")
    ours = tree.commit("Ours")
    workspace.server.commit("app", {"a.txt": "theirs\n"}, "Theirs")

    for _ in range(2):
        with pytest.raises(IntegrationConflict, match=r"a\.txt"):
            tree.integrate("main", tree.remote(None), policy=policy)

    assert tree.head() == ours
    assert tree.current_branch() == "main"
    assert (tree.root / "a.txt").read_text() == "ours\n"
    assert tree._git("status", "--porcelain").stdout == ""


def test_nothing_is_integrated_from_a_branch_that_does_not_exist_yet(workspace):
    workspace.server.create("app", {"a.txt": "one\n"})
    tree = workspace.checkout("app")

    tree.integrate("env/new", tree.remote(None), policy=REBASE)
    tree.push("env/new", tree.remote(None))

    assert workspace.server.head("app", "env/new") == tree.head()


def test_a_detached_head_can_push_a_new_branch(workspace):
    workspace.server.create("app", {"a.txt": "one\n"})
    first = workspace.server.head("app")
    tree = workspace.clone("app", Wanted(commits=(first,))).add_worktree(workspace.work / "src", commit=first)

    tree.push("from-detached", tree.remote(None))

    assert tree.current_branch() is None
    assert workspace.server.head("app", "from-detached") == first


def test_force_replaces_a_branch(workspace):
    workspace.server.create("app", {"a.txt": "one\n"})
    tree = workspace.checkout("app")
    (tree.root / "a.txt").write_text("ours\n")
    tree.commit("Ours")
    workspace.server.commit("app", {"a.txt": "theirs\n"}, "Theirs")

    tree.push("main", tree.remote(None), force=True)

    assert workspace.server.head("app") == tree.head()


def test_a_protected_branch_is_a_refusal_not_a_race(workspace):
    workspace.server.create("app", {"a.txt": "one\n"})
    workspace.server.refuse_push("app", "main")
    tree = workspace.checkout("app")
    (tree.root / "a.txt").write_text("ours\n")
    tree.commit("Ours")

    with pytest.raises(Rejected, match="protected"):
        tree.push("main", tree.remote(None))
    tree.push("other", tree.remote(None))


def test_a_push_with_a_wrong_password_is_unauthorized(workspace):
    workspace.server.create("app", {"a.txt": "one\n"})
    tree = workspace.checkout("app")
    workspace.server.accounts["app"] = ("robot", "right")

    with pytest.raises(Unauthorized) as caught:
        tree.push("other", tree.remote(BasicAuth("robot", "wrong-one")))

    assert "wrong-one" not in str(caught.value)


def test_the_same_tag_again_is_fine_and_another_one_is_refused(workspace):
    workspace.server.create("app", {"a.txt": "one\n"})
    tree = workspace.checkout("app")

    for _ in range(2):
        assert tree.create_tag("v1", message="First release") == tree.head()
        tree.push_tag("v1", tree.remote(None))
    with pytest.raises(Rejected, match="exists already"):
        tree.create_tag("v1", message="Another text")
    tree.create_tag("v1", message="Another text", force=True)
    with pytest.raises(Rejected, match="different"):
        tree.push_tag("v1", tree.remote(None))


def test_a_killed_command_leaves_no_trace_for_the_next_step(workspace):
    workspace.server.create("app", {"a.txt": "one\n"})
    tree = workspace.checkout("app")
    (tree.root / "a.txt").write_text("ours\n")
    ours = tree.commit("Ours")
    workspace.server.commit("app", {"a.txt": "theirs\n"}, "Theirs")
    tree._fetch("main", tree.remote(None), SILENT)
    assert tree._run("rebase", "refs/incoming/tip").exit_code != 0
    for name in ("index.lock", "HEAD.lock"):
        (tree._admin / name).touch()

    again = workspace.load("src")

    assert (again.head(), again.current_branch()) == (ours, "main")
    (again.root / "b.txt").write_text("b\n")
    assert again.commit("Go on")


def test_hooks_and_filters_of_a_repository_do_not_run(workspace, tmp_path):
    trap = tmp_path / "trapped"
    workspace.server.create("app", {"a.txt": "one\n"})
    tree = workspace.checkout("app")
    hooks = tree._clone / "repo" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-commit", "commit-msg", "post-checkout", "pre-push", "post-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {trap}\n")
        (hooks / name).chmod(0o755)
    with (tree._clone / "repo" / "config").open("a") as config:
        config.write(f'[core]\n\tfsmonitor = "touch {trap}"\n\thooksPath = {hooks}\n')
    (tree.root / "a.txt").write_text("two\n")

    tree.commit("Change")
    tree.push("main", tree.remote(None))

    assert not trap.exists()


def test_a_forged_git_file_is_no_work_tree(workspace, other_workspace):
    workspace.server.create("secret", {"a.txt": "secret\n"})
    secret = workspace.checkout("secret")
    forged = other_workspace.work / "src"
    forged.mkdir()
    shutil.copy(secret.root / ".git", forged / ".git")

    with pytest.raises(NotFound, match="not a work tree"):
        other_workspace.load("src")


def test_remembers_the_url_it_was_cloned_from(workspace):
    workspace.server.create("app", {"a.txt": "one\n"})
    tree = workspace.checkout("app")

    assert workspace.load("src").origin_url() == workspace.server.url("app")
    assert tree.remote(BasicAuth("a", "b")).credentials == BasicAuth("a", "b")
