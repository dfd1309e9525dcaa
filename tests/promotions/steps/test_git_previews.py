"""What git steps do in a preview: all but touching the repository outside."""

import pytest

from integrations.errors import Rejected
from promotions.steps.base import Done, StepFailed, Would, WouldPush
from promotions.steps.execution import read_config
from promotions.steps.registry import find_step
from tests.servers.git import git_server

__all__ = ["git_server"]


@pytest.fixture
def src(bench, git_server):
    """A work tree at `src`, on main, with a commit of ours."""
    git_server.create("app", {"app.yaml": "v: 1\n"})
    checkout = [{"path": "src", "branch": "main"}]
    bench.run("git-clone", {"repoURL": git_server.url("app"), "checkout": checkout}, alias="clone")
    _commit(bench, "ours")
    return bench


def _would(bench, kind, config):
    step = find_step(kind)
    return step.would(bench.context(), read_config(step, config))


def _commit(bench, path):
    bench.write(f"src/{path}", "ours")
    return bench.run("git-commit", {"path": "src", "message": "Change"}).output["commit"]


def _state(server):
    return {branch: server.log("app", branch) for branch in server.branches("app")}, server.requests["app", "push"]


def test_a_clone_that_makes_no_branch_is_the_real_one(bench, git_server):
    git_server.create("app", {"app.yaml": "v: 1\n"})
    config = {"repoURL": git_server.url("app"), "checkout": [{"path": "src", "branch": "main", "create": True}]}

    assert _would(bench, "git-clone", config) == Done({"commits": {"src": git_server.head("app")}})
    assert "src/app.yaml" in bench.files()


def test_a_branch_that_would_be_made_is_in_the_clone_only(bench, git_server):
    git_server.create("app", {"app.yaml": "v: 1\n"})
    url = git_server.url("app")
    checkouts = [{"path": "src"}, {"path": "out", "branch": "env/uat", "create": True, "as": "target"}]

    said = _would(bench, "git-clone", {"repoURL": url, "checkout": checkouts})

    assert isinstance(said, Would)
    assert said.message == f'would create branch "env/uat" in {url}'
    assert said.pushes == (WouldPush(url, "out", "env/uat"),)
    assert said.output["commits"]["src"] == git_server.head("app")
    assert git_server.branches("app") == ["main"]

    bench.write("out/a", "a")
    commit = bench.run("git-commit", {"path": "out", "message": "Fill"}).output["commit"]
    pushed = _would(bench, "git-push", {"path": "out"})

    assert pushed.output == {"commit": commit, "branch": "env/uat"}
    assert git_server.branches("app") == ["main"]
    assert git_server.requests["app", "push"] == 0


def test_a_push_tells_what_it_would_push(src, git_server):
    before, head = _state(git_server), _commit(src, "more")
    url = git_server.url("app")

    said = _would(src, "git-push", {"path": "src", "provider": "gitlab"})

    assert said.message == f'would push {head} to branch "main" of {url}'
    assert said.output["commit"] == head
    assert said.output["branch"] == "main"
    assert said.output["commitURL"].endswith(f"/app/-/commit/{head}")
    assert said.pushes == (WouldPush(url, "src", "main"),)
    assert _state(git_server) == before


@pytest.mark.parametrize(
    ("config", "branch", "force", "verb"),
    [
        ({"targetBranch": "new"}, "new", False, "would push"),
        ({"generateTargetBranch": True}, "kargo/promotion/uat.01jab.fine", True, "would push"),
        ({"force": True}, "main", True, "would force-push"),
    ],
    ids=["other branch", "generated branch", "force"],
)
def test_a_push_names_its_target(src, git_server, config, branch, force, verb):
    git_server.commit("app", {"theirs": "x"}, "Theirs")

    said = _would(src, "git-push", {"path": "src", **config})

    assert said.pushes == (WouldPush(git_server.url("app"), "src", branch, force=force),)
    assert said.message.startswith(f"{verb} ")
    assert "src/theirs" not in src.files()


@pytest.mark.parametrize("policy", ["AlwaysRebase", "AlwaysMerge"])
def test_what_others_pushed_is_brought_in_as_the_push_would_do(src, git_server, policy):
    src.git.push_policy = policy
    git_server.commit("app", {"theirs": "x"}, "Theirs")
    before = _state(git_server)

    said = _would(src, "git-push", {"path": "src"})

    assert "src/theirs" in src.files()
    head = src.run("git-commit", {"path": "src", "message": "Nothing"}).output["commit"]
    assert said.output["commit"] == head
    assert _state(git_server) == before


def test_a_conflict_shows_in_the_preview(src, git_server):
    git_server.commit("app", {"ours": "theirs"}, "Theirs")

    with pytest.raises(StepFailed, match="conflict with ours in ours"):
        _would(src, "git-push", {"path": "src"})


def test_a_branch_that_cannot_be_made_shows_in_the_preview(src):
    with pytest.raises(Rejected, match='branch "main" is in its way'):
        _would(src, "git-push", {"path": "src", "targetBranch": "main/x"})


def test_a_tag_would_be_pushed_unless_a_different_one_is_there(src, git_server):
    head = src.run("git-tag", {"path": "src", "tag": "v1", "message": "One"}).output["commit"]

    said = _would(src, "git-push", {"path": "src", "tag": "v1"})

    assert said.message == f'would push tag "v1" to {git_server.url("app")}'
    assert said.output == {"commit": head, "branch": "main"}
    assert said.pushes == (WouldPush(git_server.url("app"), "src", tag="v1"),)

    git_server.tag("app", "v1")
    with pytest.raises(Rejected, match=r'Tag "v1" exists in .* and is a different one'):
        _would(src, "git-push", {"path": "src", "tag": "v1"})
