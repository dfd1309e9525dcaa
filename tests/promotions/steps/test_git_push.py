import subprocess

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import Aborted, NotFound, Rejected
from integrations.loopback.git_server import GitServer
from promotions.steps.base import Done, StepErrored, StepFailed
from tests.servers.git import git_server

__all__ = ["git_server"]


class RacingServer(GitServer):
    """Somebody else's commit arrives right before each of the next pushes to `app` is taken."""

    races = 0

    def count(self, name, kind):
        super().count(name, kind)
        if kind == "push" and self.races:
            self.races -= 1
            self.commit(name, {f"race{self.races}": "x"}, "Race")


@pytest.fixture
def racing_server(tmp_path):
    server = RacingServer(tmp_path / "racing")
    server.start()
    yield server
    server.stop()


def _clone(bench, server, **checkout):
    config = {"repoURL": server.url("app"), "checkout": [{"path": "src", "branch": "main", **checkout}]}
    bench.run("git-clone", config, alias="clone")


def _change(bench, path="ours", text="ours"):
    bench.write(f"src/{path}", text)
    return bench.run("git-commit", {"path": "src", "message": f"Change {path}"}, alias=f"commit {path}").output[
        "commit"
    ]


def _push(bench, **config):
    return bench.run("git-push", {"path": "src", **config}, alias="push")


def _git(bench, *arguments):
    command = ["git", "-c", "safe.directory=*", "-C", str(bench.workdir / "src"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def src(bench, git_server):
    """A work tree at `src`, on main."""
    git_server.create("app", {"app.yaml": "v: 1\n"})
    _clone(bench, git_server)
    return bench


def test_pushes_the_current_branch(src, git_server):
    commit = _change(src)

    assert _push(src) == Done({"commit": commit, "branch": "main"})
    assert git_server.head("app") == commit
    assert src.git.locks == ["main"]


def test_a_second_run_makes_no_second_commit_and_gives_the_same_answer(src, git_server):
    _change(src)

    first = _push(src)

    assert _push(src) == first
    assert len(git_server.log("app")) == 2


@pytest.mark.parametrize("policy", ["AlwaysRebase", "AlwaysMerge"])
def test_a_second_run_gives_the_same_answer_after_others_pushed_on_top(src, git_server, policy):
    src.git.push_policy = policy
    _change(src)
    first = _push(src)
    git_server.commit("app", {"theirs": "x"}, "Theirs")

    assert _push(src) == first
    assert len(git_server.log("app")) == 3


def test_a_second_run_pushes_again_when_the_remote_branch_is_gone(src, git_server):
    _change(src)
    first = _push(src, targetBranch="env")
    git_server.delete_branch("app", "env")

    assert _push(src, targetBranch="env") == first
    assert git_server.head("app", "env") == first.output["commit"]


def test_a_later_commit_is_pushed_by_a_second_run(src, git_server):
    _change(src)
    _push(src)
    git_server.commit("app", {"theirs": "x"}, "Theirs")
    _change(src, "more")

    commit = _push(src).output["commit"]

    assert git_server.head("app") == commit
    assert git_server.files("app") == ["app.yaml", "more", "ours", "theirs"]


def test_pushes_to_another_branch_and_makes_it(src, git_server):
    commit = _change(src)

    assert _push(src, targetBranch="env/uat").output == {"commit": commit, "branch": "env/uat"}
    assert git_server.head("app", "env/uat") == commit
    assert git_server.head("app") != commit


def test_brings_remote_commits_in_by_rebase(src, git_server):
    _change(src)
    theirs = git_server.commit("app", {"theirs": "x"}, "Theirs")

    result = _push(src)

    assert git_server.log("app")[:2] == [result.output["commit"], theirs]
    assert git_server.files("app") == ["app.yaml", "ours", "theirs"]
    assert result.output["commit"] == _git(src, "rev-parse", "HEAD")


def test_brings_remote_commits_in_by_merge_when_that_is_the_policy(src, git_server):
    src.git.push_policy = "AlwaysMerge"
    ours = _change(src)
    theirs = git_server.commit("app", {"theirs": "x"}, "Theirs")

    _push(src)

    assert {ours, theirs} <= set(git_server.log("app"))
    assert len(git_server.log("app")) == 4


def test_a_second_run_after_a_merge_makes_no_second_merge(src, git_server):
    src.git.push_policy = "AlwaysMerge"
    _change(src)
    git_server.commit("app", {"theirs": "x"}, "Theirs")

    first = _push(src)

    assert _push(src) == first
    assert len(git_server.log("app")) == 4


def test_a_conflict_fails_the_step_and_leaves_the_work_tree_as_it_was(src, git_server):
    ours = _change(src, "app.yaml", "v: ours\n")
    theirs = git_server.commit("app", {"app.yaml": "v: theirs\n"}, "Theirs")

    with pytest.raises(StepFailed, match=r"conflict with ours in app.yaml") as caught:
        _push(src)

    assert not caught.value.retry
    assert git_server.head("app") == theirs
    assert _git(src, "rev-parse", "HEAD") == ours
    assert _git(src, "status", "--porcelain") == ""


def test_tries_again_when_the_branch_moves_between_integration_and_push(bench, racing_server):
    racing_server.create("app", {"app.yaml": "v: 1\n"})
    _clone(bench, racing_server)
    _change(bench)
    racing_server.races = 2

    result = _push(bench)

    assert racing_server.head("app") == result.output["commit"]
    assert racing_server.files("app") == ["app.yaml", "ours", "race0", "race1"]
    assert ("info", "Branch main has moved on; trying again (2)") in bench.lines
    assert bench.git.locks == ["main", "main", "main"]


@pytest.mark.parametrize("attempts", [1, 2.0])
def test_gives_up_after_max_attempts(bench, racing_server, attempts):
    racing_server.create("app", {"app.yaml": "v: 1\n"})
    _clone(bench, racing_server)
    _change(bench)
    racing_server.races = 5

    with pytest.raises(StepErrored, match=f"refused {int(attempts)} times"):
        _push(bench, maxAttempts=attempts)

    # The first push goes without a look at the branch and is no attempt.
    assert racing_server.requests["app", "push"] == 1 + int(attempts)


def test_stops_between_two_attempts_when_asked_to(bench, racing_server):
    racing_server.create("app", {"app.yaml": "v: 1\n"})
    _clone(bench, racing_server)
    _change(bench)
    racing_server.races = 100
    bench.should_stop = lambda: any("moved on" in line for _, line in bench.lines)

    with pytest.raises(Aborted):
        _push(bench)

    assert racing_server.requests["app", "push"] == 2


def test_what_was_pushed_need_not_be_fetched_by_the_next_clone(bench, git_server):
    git_server.create("app", {"app.yaml": "v: 1\n"})
    _clone(bench, git_server)
    commit = _change(bench)
    _push(bench)
    before = git_server.requests["app", "fetch"]

    _clone(bench, git_server)

    assert _git(bench, "rev-parse", "HEAD") == commit
    assert git_server.requests["app", "fetch"] == before


def test_force_overwrites_the_remote_branch(src, git_server):
    commit = _change(src)
    git_server.commit("app", {"theirs": "x"}, "Theirs")

    assert _push(src, force=True).output["commit"] == commit
    assert git_server.files("app") == ["app.yaml", "ours"]


def test_a_branch_of_the_promotion_is_made_and_overwritten_by_a_restarted_one(src, git_server):
    _change(src)
    _push(src, generateTargetBranch=True)
    _clone(src, git_server)
    commit = _change(src, "other")

    result = _push(src, generateTargetBranch=True)

    assert result.output == {"commit": commit, "branch": "kargo/promotion/uat.01jab.fine"}
    assert git_server.files("app", "kargo/promotion/uat.01jab.fine") == ["app.yaml", "other"]


def test_pushes_exactly_one_tag(src, git_server):
    _change(src)
    _git(src, "tag", "v1")
    _git(src, "tag", "v2")

    for _ in range(2):
        result = _push(src, tag="v1")
        assert result.output == {"commit": _git(src, "rev-parse", "HEAD"), "branch": "main"}

    assert _git(src, "ls-remote", "--tags", "origin").split()[1:] == ["refs/tags/v1"]
    assert len(git_server.log("app")) == 1


def test_a_different_tag_on_the_remote_is_an_error(src, git_server):
    git_server.tag("app", "v1")
    _change(src)
    _git(src, "tag", "v1")

    with pytest.raises(Rejected):
        _push(src, tag="v1")


def test_a_detached_head_can_push_to_a_named_branch_only(src, git_server):
    config = {"repoURL": git_server.url("app"), "checkout": [{"path": "src", "commit": git_server.head("app")}]}
    src.run("git-clone", config, alias="clone")
    commit = _change(src)

    with pytest.raises(StepErrored, match=r'"src" is not on a branch .* set targetBranch'):
        _push(src)
    assert _push(src, targetBranch="new").output == {"commit": commit, "branch": "new"}

    _git(src, "tag", "v1")
    assert _push(src, tag="v1").output == {"commit": commit}


def test_a_protected_branch_is_an_error_and_not_tried_again(src, git_server):
    _change(src)
    git_server.refuse_push("app", "main")

    with pytest.raises(Rejected):
        _push(src)

    assert git_server.requests["app", "push"] == 1


def test_uses_the_credentials_of_the_repository_cloned(src, git_server):
    git_server.accounts["app"] = ("robot", "s3cret")
    src.credentials.by_url[git_server.url("app")] = BasicAuth("robot", "s3cret")

    commit = _change(src)
    _push(src)

    assert git_server.head("app") == commit
    assert not [line for _, line in src.lines if "s3cret" in line]


def test_a_provider_gives_a_link_to_the_commit(src, git_server):
    commit = _change(src)

    link = _push(src, provider="gitlab").output["commitURL"]

    assert link.startswith("https://127.0.0.1:")
    assert link.endswith(f"/app/-/commit/{commit}")


def test_a_path_that_is_no_work_tree_is_an_error(src):
    with pytest.raises(NotFound, match="not a work tree"):
        src.run("git-push", {"path": "nope"})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"targetBranch": "a", "tag": "b"}, "at most one of targetBranch, generateTargetBranch and tag"),
        ({"targetBranch": "a", "generateTargetBranch": True}, "at most one of"),
        ({"tag": "a", "force": True}, "force is not allowed with tag"),
        ({"provider": "sourceforge"}, "provider: must be one of"),
        ({"provider": ""}, "provider: must be one of"),
        ({"maxAttempts": "3"}, "maxAttempts: must be a whole number"),
        ({"maxAttempts": 2147483648}, "maxAttempts"),
    ],
)
def test_refuses_a_config_that_contradicts_itself(bench, config, message):
    with pytest.raises(StepFailed, match=f"invalid git-push config: .*{message}"):
        _push(bench, **config)
