"""Starting a workflow of GitHub Actions and waiting for its run."""

import json

import pytest

from integrations.credentials import Token
from integrations.errors import NotFound, RateLimited, Rejected, Unreachable
from promotions.steps.base import Done, StepErrored, StepFailed, Waiting, Would
from promotions.steps.registry import find_step
from tests.servers.api import Reply
from tests.servers.github_work import TOKEN, GitHubWork

WORKFLOW = {"workflowFile": "deploy.yml", "ref": "main"}


@pytest.fixture(scope="module")
def server():
    github = GitHubWork()
    yield github
    github.close()


@pytest.fixture
def github(server, bench):
    server.forget()
    bench.credentials.by_url[server.repo_url] = Token(TOKEN)
    return server


@pytest.fixture
def run(bench, github):
    return lambda kind, **config: bench.run(kind, {"repoURL": github.repo_url, **config}, alias="gha")


def dispatch(run, **more):
    return run("gha-dispatch-workflow", **{**WORKFLOW, **more})


def test_a_server_that_tells_the_run_is_asked_once(run, github):
    result = dispatch(run, inputs={"stage": "uat", "fast": True, "count": 3.0, "share": 0.5})

    assert result == Done({"runID": 1000}, "run 1000")
    inputs = {"stage": "uat", "fast": "true", "count": "3", "share": "0.5"}
    assert github.dispatched == [("deploy.yml", "main", inputs)]


def test_an_older_server_is_watched_until_the_run_appears(run, github):
    github.add_run()
    github.tells_runs, github.runs_appear = False, False
    github.add_run("other")

    waiting = dispatch(run)
    assert isinstance(waiting, Waiting)
    assert isinstance(dispatch(run), Waiting)
    github.add_run("other")
    mine = github.add_run("main")
    github.add_run("main")

    assert dispatch(run).output == {"runID": mine}
    assert len(github.dispatched) == 1


def test_a_run_that_never_appears_is_an_error_and_nothing_is_started_twice(run, bench, github):
    github.tells_runs, github.runs_appear = False, False
    dispatch(run)
    (note,) = (bench.workdir / ".kargoweb").glob("gha-dispatch-workflow-*.json")
    note.write_text(json.dumps({**json.loads(note.read_text()), "at": "2026-01-01T00:00:00+00:00"}))

    with pytest.raises(StepErrored, match=r"no run of deploy\.yml at main appeared within 60 seconds") as caught:
        dispatch(run)

    assert caught.value.permanent
    assert len(github.dispatched) == 1


def test_a_dispatch_whose_answer_was_lost_is_not_repeated(run, bench, github):
    dispatch(run)
    github.forget()
    bench.previous_output = {"runID": 1000}
    github.lost_methods = {"POST"}
    with pytest.raises(Unreachable):
        dispatch(run)
    github.lost_methods = set()

    assert dispatch(run).output == {"runID": 1000}
    assert len(github.dispatched) == 1


def test_a_worker_that_died_behind_the_dispatch_finds_its_run_and_a_retry_starts_another(run, bench, github):
    first = dispatch(run)
    assert dispatch(run).output == first.output
    assert len(github.dispatched) == 1

    bench.previous_output = first.output
    second = dispatch(run)

    assert second.output == {"runID": 1001}
    assert len(github.dispatched) == 2


def test_what_github_refuses_has_started_nothing_and_may_be_tried_again(run, github):
    with pytest.raises(Rejected, match="No ref found for: gone"):
        dispatch(run, ref="gone")
    with pytest.raises(NotFound):
        dispatch(run, workflowFile="none.yml")
    github.faults = [Reply(200, {"workflow_runs": []}), Reply(429, {"message": "slow down"})]
    with pytest.raises(RateLimited):
        dispatch(run)

    assert dispatch(run).output == {"runID": 1000}


def test_a_secret_may_stand_in_for_the_git_credentials(run, bench, github):
    bench.credentials.by_url.clear()
    bench.secrets.own["gh"] = {"accessToken": TOKEN}
    bench.secrets.own["empty"] = {"x": "y"}

    assert dispatch(run, credentials={"secretName": "gh"}).output == {"runID": 1000}
    for name, said in (("none", '"none" does not exist'), ("empty", '"empty" has no key accessToken')):
        with pytest.raises(StepErrored, match=said):
            dispatch(run, credentials={"secretName": name})


@pytest.mark.parametrize(
    ("status", "conclusion", "expected", "end"),
    [
        ("queued", None, "success", Waiting),
        ("in_progress", None, "", Waiting),
        ("completed", "success", "success", Done),
        ("completed", "failure", "", Done),
        ("completed", "failure", "failure", Done),
        ("completed", "failure", "success", StepFailed),
    ],
)
def test_waits_until_the_run_is_completed(run, github, status, conclusion, expected, end):
    number = github.add_run(status=status, conclusion=conclusion)
    config = {"runID": float(number), "expectedConclusion": expected}

    if end is StepFailed:
        with pytest.raises(StepFailed, match='ended with "failure" instead of "success"') as caught:
            run("gha-wait-for-workflow", **config)
        assert caught.value.output == {"conclusion": "failure"}
        return
    result = run("gha-wait-for-workflow", **config)
    assert isinstance(result, end)
    if end is Done:
        assert result.output == {"conclusion": conclusion}
    else:
        assert result.check_again_in.total_seconds() == 300


@pytest.mark.parametrize(
    ("kind", "config", "said"),
    [
        ("gha-dispatch-workflow", {"ref": "main"}, "workflowFile: is required"),
        ("gha-dispatch-workflow", {**WORKFLOW, "timeout": 301}, "timeout: "),
        ("gha-dispatch-workflow", {**WORKFLOW, "inputs": {"a": [1]}}, 'input "a" must be'),
        ("gha-dispatch-workflow", {**WORKFLOW, "inputs": {str(n): "" for n in range(26)}}, "at most 25 inputs"),
        ("gha-dispatch-workflow", {**WORKFLOW, "owner": "x"}, "owner: unknown field"),
        ("gha-wait-for-workflow", {"runID": 0}, "runID: "),
        ("gha-wait-for-workflow", {"runID": 1, "expectedConclusion": "ok"}, "expectedConclusion: must be one of"),
    ],
)
def test_refuses_these_configs(run, kind, config, said):
    with pytest.raises(StepFailed, match=f"invalid {kind} config: .*{said}"):
        run(kind, **config)


@pytest.mark.parametrize(
    ("kind", "config", "would"),
    [
        (
            "gha-dispatch-workflow",
            WORKFLOW,
            Would("would dispatch deploy.yml of https://github.com/a/b at main"),
        ),
        (
            "gha-wait-for-workflow",
            {"runID": 7, "expectedConclusion": "success"},
            Would("would wait for run 7 of https://github.com/a/b", {"conclusion": "success"}),
        ),
    ],
)
def test_says_what_it_would_do(bench, kind, config, would):
    step = find_step(kind)

    assert (
        step.would(bench.context(), step.config.model_validate({"repoURL": "https://github.com/a/b", **config}))
        == would
    )
