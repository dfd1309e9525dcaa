"""`kargoweb step run` reads answers, channels and secrets out of its context."""

import pytest

from kargoweb.trial import run_trial
from tests.servers.github_work import TOKEN, GitHubWork
from tests.servers.slack import TOKEN as SLACK_TOKEN
from tests.servers.slack import SlackServer

CONTEXT = {"ctx": {"project": "shop", "stage": "uat", "promotion": "uat.01", "targetFreight": {"name": "fine"}}}


def test_an_answer_that_is_given_ends_the_wait(tmp_path):
    context = {
        **CONTEXT,
        "people": {"step-1": [{"user": "a@b.c", "action": "approve", "at": "2026-01-02T03:04:05+00:00"}]},
    }

    waiting = run_trial("wait-for-approval", {}, tmp_path, dict(CONTEXT))
    done = run_trial("wait-for-approval", {}, tmp_path, context)

    assert (waiting.status, waiting.output) == ("Running", {"responses": []})
    assert done.output == {"responses": [{"user": "a@b.c", "action": "approve", "time": "2026-01-02T03:04:05+00:00"}]}


def test_a_channel_and_an_event(tmp_path):
    server = SlackServer()
    spec = {"slack": {"channelID": "C1", "apiURL": server.api_url}}
    context = {**CONTEXT, "channels": [{"name": "team", "spec": spec, "secret": {"apiKey": SLACK_TOKEN}}]}
    config = {"channel": {"kind": "MessageChannel", "name": "team"}, "message": "hi ${{ ctx.stage }}"}
    try:
        sent = run_trial("send-message", config, tmp_path, context)
    finally:
        server.close()
    run_trial("record-audit-event", {"message": "done"}, tmp_path, context)
    run_trial("record-audit-event", {"message": "again"}, tmp_path, context)

    assert sent.status == "Succeeded", sent.message
    assert server.messages[0]["text"] == "hi uat"
    assert [event["message"] for event in context["recordedEvents"]] == ["done"]


def test_the_number_of_an_issue_is_kept_with_the_freight_of_the_context(tmp_path):
    server = GitHubWork()
    credential = {"type": "git", "repoURL": server.repo_url, "username": "x", "password": TOKEN}
    context = {**CONTEXT, "credentials": [credential], "freightMetadata": {"fine": {}}}
    try:
        trial = run_trial("gh-create-issue", {"repoURL": server.repo_url, "title": "T"}, tmp_path, context)
    finally:
        server.close()

    assert trial.output["number"] == 1
    assert context["freightMetadata"]["fine"] == {"github-issue-number": 1}


@pytest.mark.parametrize("kind", ["get-user-input", "jira", "gha-dispatch-workflow"])
def test_an_empty_config_is_told_without_any_context(tmp_path, kind):
    trial = run_trial(kind, {}, tmp_path, {})

    assert trial.status == "Failed"
    assert f"invalid {kind} config" in trial.message
