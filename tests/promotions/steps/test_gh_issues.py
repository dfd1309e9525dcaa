"""The seven steps around GitHub's issues."""

import pytest

from integrations.credentials import Token
from integrations.errors import NotFound, Rejected, Unauthorized, Unreachable
from promotions.steps.base import Done, StepErrored, StepFailed, Waiting, Would
from promotions.steps.registry import find_step
from tests.servers.api import Reply
from tests.servers.github_work import TOKEN, GitHubWork


@pytest.fixture(scope="module")
def server():
    github = GitHubWork()
    yield github
    github.close()


@pytest.fixture
def github(server, bench):
    server.forget()
    bench.credentials.by_url[server.repo_url] = Token(TOKEN)
    bench.metadata.by_name["Freight", "fine"] = {"kept": 1}
    return server


@pytest.fixture
def run(bench, github):
    return lambda kind, **config: bench.run(kind, {"repoURL": github.repo_url, **config}, alias="gh")


# Create


def test_opens_an_issue_and_keeps_its_number_with_the_freight(run, bench, github):
    config = {"title": "Release <b>1</b>", "body": "It is @all\ngood", "labels": ["release"], "assignees": ["ann"]}

    result = run("gh-create-issue", **config)

    assert result.output == {"number": 1, "url": f"{github.repo_url}/issues/1"}
    assert bench.metadata.by_name["Freight", "fine"] == {"kept": 1, "github-issue-number": 1}
    issue = github.issues[1]
    assert (issue["title"], issue["labels"], issue["assignees"]) == ("Release <b>1</b>", ["release"], ["ann"])
    assert issue["body"].startswith("It is @all\ngood\n\n<!-- kargo:")


def test_the_number_may_be_kept_under_another_name(run, bench):
    run("gh-create-issue", title="x", issueAlias="change-request")

    assert bench.metadata.by_name["Freight", "fine"]["change-request"] == 1


def test_an_issue_whose_answer_was_lost_is_found_again(run, github):
    github.add_issue(body="somebody else's")
    github.lose = 1
    with pytest.raises(Unreachable):
        run("gh-create-issue", title="x")
    # The first request was the creation, and it was carried out.
    assert len(github.issues) == 2

    again = run("gh-create-issue", title="x")

    assert again.output["number"] == 2
    assert len(github.issues) == 2


def test_a_second_run_gives_the_same_issue(run, bench, github):
    first = run("gh-create-issue", title="x")
    again = run("gh-create-issue", title="x")
    bench.previous_output = {"number": 1}

    assert first.output == again.output == run("gh-create-issue", title="x").output
    assert len(github.issues) == 1


def test_freight_that_is_gone_is_told_with_the_issue(run, bench):
    bench.metadata.by_name.clear()

    with pytest.raises(StepErrored, match="issue 1 was opened, but the freight"):
        run("gh-create-issue", title="x")


def test_github_tells_what_it_refuses(run, bench, github):
    with pytest.raises(Rejected, match="Validation Failed; is bad"):
        run("gh-create-issue", title="bad")
    bench.credentials.by_url[github.repo_url] = Token("wrong")
    with pytest.raises(Unauthorized, match="Bad credentials") as caught:
        run("gh-create-issue", title="x")
    assert "wrong" not in str(caught.value).replace("wrong or", "")


# Update


@pytest.mark.parametrize(
    ("config", "changed"),
    [
        ({"title": "new"}, {"title": "new"}),
        ({"body": ""}, {"body": ""}),
        ({"state": "closed"}, {"state": "closed"}),
        ({"assignees": []}, {"assignees": []}),
        ({"addLabels": ["c"]}, {"labels": ["a", "B", "c"]}),
        ({"removeLabels": ["b"]}, {"labels": ["a"]}),
        ({"removeLabels": ["*"], "addLabels": ["c"]}, {"labels": ["c"]}),
        ({"removeLabels": ["*"]}, {"labels": []}),
        ({"addLabels": ["a"], "removeLabels": ["A"]}, {}),
    ],
    ids=str,
)
def test_changes_what_is_given_and_nothing_else(run, github, config, changed):
    number = github.add_issue(body="old", labels=["a", "B"], assignees=["ann"])
    before = dict(github.issues[number])

    assert run("gh-update-issue", issueNumber=number, **config) == Done()

    assert github.issues[number] == {**before, **changed}


def test_labels_that_are_there_already_are_not_written(run, github):
    number = github.add_issue(labels=["a"])

    run("gh-update-issue", issueNumber=number, addLabels=["A"], removeLabels=["z"])

    assert not [route for route in github.routes() if route.startswith("PATCH")]


def test_an_issue_that_is_not_there_is_not_found(run):
    for kind, more in (
        ("gh-update-issue", {"title": "x"}),
        ("gh-search-issues", {}),
        ("gh-wait-for-issue-state", {"successExpression": "true"}),
    ):
        with pytest.raises(NotFound, match="issue 9"):
            run(kind, issueNumber=9, **more)


# Search


def test_one_issue_by_its_number(run, github):
    number = github.add_issue(title="T", body="B", labels=["x"], assignees=["ann"])

    (issue,) = run("gh-search-issues", issueNumber=float(number)).output["issues"]

    assert issue == {
        "number": 1,
        "title": "T",
        "body": "B",
        "state": "open",
        "labels": ["x"],
        "assignees": ["ann"],
        "url": f"{github.repo_url}/issues/1",
    }


def test_a_search_stays_in_its_repository(run, github):
    github.add_issue(title="release 1")
    github.add_issue(title="other")

    assert [issue["number"] for issue in run("gh-search-issues", query="release").output["issues"]] == [1]
    assert run("gh-search-issues", query="nothing").output == {"issues": []}
    for query in ("repo:acme/secret x", "x ORG:acme", "-repo:acme/app", "user:ann"):
        with pytest.raises(StepFailed, match="leave repo:, org: and user: out"):
            run("gh-search-issues", query=query)


# Wait


@pytest.mark.parametrize(
    ("success", "failure", "end"),
    [
        ('"approved" in issue.labels', "", Done),
        ('issue.state == "closed"', "", Waiting),
        ("any(issue.labels, {# in ['approved', 'lgtm']})", 'issue.state == "closed"', Done),
        ("true", '"approved" in issue.labels', StepFailed),
        ("issue.number", "", StepErrored),
        ("issue.nope()", "", StepErrored),
        ("true", "issue +", StepErrored),
    ],
)
def test_waits_for_an_expression(run, github, success, failure, end):
    number = github.add_issue(labels=["approved", "x"], assignees=["ann"])
    config = {"issueNumber": number, "successExpression": success, "failureExpression": failure}

    if issubclass(end, Exception):
        with pytest.raises(end):
            run("gh-wait-for-issue-state", **config)
        return
    result = run("gh-wait-for-issue-state", pollInterval="2m", **config)
    assert isinstance(result, end)
    if end is Waiting:
        assert "issue 1 is open with approved, x" in result.message
        assert result.check_again_in.total_seconds() == 120


# Comments


def test_comments_change_and_are_deleted(run, bench, github):
    number = github.add_issue()

    added = run("gh-issue-add-comment", issueNumber=number, body="**hi**")
    comment = added.output["commentID"]
    assert added.output["url"].endswith(f"#c-{comment}")
    assert github.comments[comment][1].startswith("**hi**\n\n<!-- kargo:")
    run("gh-issue-update-comment", commentID=comment, body="bye")
    assert github.comments[comment] == (1, "bye")
    for _ in range(2):
        assert run("gh-issue-delete-comment", commentID=comment) == Done()
    assert ("info", f"Comment {comment} was gone already") in bench.lines


def test_a_comment_whose_answer_was_lost_is_found_again_and_a_retry_comments_anew(run, bench, github):
    number = github.add_issue()
    github.lose = 1
    with pytest.raises(Unreachable):
        run("gh-issue-add-comment", issueNumber=number, body="hi")

    again = run("gh-issue-add-comment", issueNumber=number, body="hi")
    assert list(github.comments) == [again.output["commentID"]]

    bench.previous_output = again.output
    run("gh-issue-add-comment", issueNumber=number, body="hi")
    assert len(github.comments) == 2


# All


@pytest.mark.parametrize(
    ("kind", "config", "said"),
    [
        ("gh-create-issue", {}, "title: is required"),
        ("gh-create-issue", {"title": ""}, "title: must not be empty"),
        ("gh-create-issue", {"title": "x", "assignees": ["a"] * 11}, "assignees: "),
        ("gh-create-issue", {"title": "x", "repoURL": "git@github.com:a/b"}, "repoURL: must be a URL"),
        ("gh-update-issue", {"issueNumber": 1}, "give at least one of title"),
        ("gh-update-issue", {"issueNumber": 1, "state": "shut"}, "state: must be one of"),
        ("gh-update-issue", {"issueNumber": 0, "title": "x"}, "issueNumber: "),
        ("gh-search-issues", {}, "give either issueNumber or query"),
        ("gh-search-issues", {"issueNumber": 1, "query": "x"}, "give either issueNumber or query"),
        ("gh-wait-for-issue-state", {"issueNumber": 1}, "successExpression: is required"),
        ("gh-issue-add-comment", {"issueNumber": 1, "body": ""}, "body: must not be empty"),
        ("gh-issue-delete-comment", {"commentID": "7"}, "commentID: must be a whole number"),
        ("gh-issue-delete-comment", {"commentID": 7, "body": "x"}, "body: unknown field"),
    ],
)
def test_refuses_these_configs(run, kind, config, said):
    with pytest.raises(StepFailed, match=f"invalid {kind} config: .*{said}"):
        run(kind, **config)


def test_a_server_that_is_broken_may_be_asked_again(run, github):
    github.faults = [Reply(502, b"<html>")] * 4

    with pytest.raises(Unreachable):
        run("gh-search-issues", issueNumber=1)


@pytest.mark.parametrize(
    ("kind", "config", "said", "output"),
    [
        ("gh-create-issue", {"title": "T"}, 'would open an issue "T" in https://github.com/a/b', None),
        ("gh-update-issue", {"issueNumber": 1, "addLabels": ["x"]}, "would change addLabels of issue 1 of", {}),
        ("gh-wait-for-issue-state", {"issueNumber": 1, "successExpression": "true"}, "would wait until true", {}),
        ("gh-issue-add-comment", {"issueNumber": 1, "body": "x"}, "would comment on issue 1", None),
        ("gh-issue-update-comment", {"commentID": 5, "body": "x"}, "would change comment 5", {}),
        ("gh-issue-delete-comment", {"commentID": 5}, "would delete comment 5", {}),
    ],
)
def test_says_what_it_would_do(bench, kind, config, said, output):
    step = find_step(kind)

    would = step.would(
        bench.context(), step.config.model_validate({"repoURL": "https://u:p@github.com/a/b", **config})
    )

    assert isinstance(would, Would)
    assert would.message.startswith(said)
    assert (would.output, "p@" in would.message) == (output, False)
