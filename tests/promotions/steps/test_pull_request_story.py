"""A change by pull request as a template says it, step by step with expressions, by `run_trial`."""

import pytest

from kargoweb.trial import run_trial
from tests.servers.forge import TOKEN, Reply
from tests.servers.github import GitHubServer


@pytest.fixture
def forge(tmp_path):
    server = GitHubServer(tmp_path / "github")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def play(forge, tmp_path):
    workdir = tmp_path / "work"
    workdir.mkdir()
    context = {
        "ctx": {"project": "shop", "stage": "uat", "promotion": "uat.01jab.fine"},
        "vars": {"repo": forge.repo_url},
        "outputs": {},
        "credentials": [{"type": "git", "repoURL": forge.repo_url, "username": "x", "password": TOKEN}],
    }

    def run(alias, kind, **config):
        context["ctx"]["meta"] = {"step": {"alias": alias}}
        trial = run_trial(kind, config, workdir, context)
        if trial.output is not None:
            context["outputs"][alias] = trial.output
        return trial

    run.workdir = workdir
    return run


def _push_change(play):
    play("clone", "git-clone", repoURL="${{ vars.repo }}", checkout=[{"path": "src", "branch": "main"}])
    (play.workdir / "src/app.yaml").write_text("v: 2\n")
    play("commit", "git-commit", path="src", message="Set v to 2")
    return play("push", "git-push", path="src", generateTargetBranch=True)


PULL = {"repoURL": "${{ vars.repo }}", "provider": "github"}
NUMBER = {**PULL, "prNumber": "${{ outputs['open-pr'].pr.id }}"}


def test_a_change_goes_through_a_pull_request(play, forge):
    _push_change(play)
    branches = {"sourceBranch": "${{ outputs.push.branch }}", "targetBranch": "main"}

    opened = play("open-pr", "git-open-pr", **PULL, **branches)
    again = play("open-pr", "git-open-pr", **PULL, **branches)
    waiting = play("wait", "git-wait-for-pr", **NUMBER)
    merged = play("merge", "git-merge-pr", **NUMBER, wait=True, mergeMethod="squash")
    ended = play("wait", "git-wait-for-pr", **NUMBER)

    assert (opened.status, again.status, again.output) == ("Succeeded", "Succeeded", opened.output)
    assert (waiting.status, waiting.output["pr"]["open"]) == ("Running", True)
    assert (merged.status, merged.output) == ("Succeeded", {"commit": forge.head("acme/app")})
    assert (ended.status, ended.output["commit"]) == ("Succeeded", forge.head("acme/app"))
    assert forge.read("acme/app", "main", "app.yaml") == "v: 2\n"
    assert len(forge.pulls) == 1


def test_says_how_the_steps_end(play, forge):
    forge.open_pull(state="closed")
    pull = {**PULL, "prNumber": 1}

    waiting = play("wait", "git-wait-for-pr", **pull)
    merging = play("merge", "git-merge-pr", **pull)

    assert (waiting.status, merging.status) == ("Failed", "Failed")
    assert waiting.message == 'step "wait": pull request 1 was closed without being merged'
    assert waiting.output["pr"]["merged"] is False
    assert merging.message.startswith('step "merge": error merging pull request 1: ')


def test_trouble_at_the_provider_is_an_error(play, forge):
    forge.faults = [Reply(404, {"message": "Not Found"}), Reply(422, b"")]

    for _ in range(2):
        trial = play("wait", "git-wait-for-pr", **PULL, prNumber=1)
        assert trial.status == "Errored"

    assert play("open", "git-open-pr", **PULL, sourceBranch="a", targetBranch="b").status == "Errored"
    assert TOKEN not in trial.message


def test_branches_that_are_the_same_are_skipped(play, forge):
    forge.commit("acme/app", {}, "Nothing", branch="same", start=forge.head("acme/app"))

    trial = play("open-pr", "git-open-pr", **PULL, sourceBranch="same", targetBranch="main")

    assert (trial.status, trial.output) == ("Skipped", None)


def test_pushes_through_the_api(play, forge):
    play("clone", "git-clone", repoURL="${{ vars.repo }}", checkout=[{"path": "src", "branch": "main"}])
    (play.workdir / "src/app.yaml").write_text("v: 2\n")
    play("commit", "git-commit", path="src", message="Set v to 2")

    trial = play("push", "github-push", path="src", generateTargetBranch=True)

    assert trial.status == "Succeeded"
    assert trial.output["branch"] == "kargo/promotion/uat.01jab.fine"
    assert trial.output["commit"] == forge.head("acme/app", "kargo/promotion/uat.01jab.fine")
