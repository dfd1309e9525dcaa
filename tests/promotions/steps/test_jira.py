import pytest

from integrations.errors import IntegrationError, NotFound, Rejected, Unauthorized, Unreachable
from integrations.jira.adf import text_to_adf
from promotions.steps.base import Done, StepErrored, StepFailed, Waiting
from promotions.steps.registry import find_step
from tests.servers.api import Reply
from tests.servers.jira import JiraServer

ADF = {"type": "doc", "version": 1, "content": []}


@pytest.fixture(scope="module")
def server():
    jira = JiraServer()
    yield jira
    jira.close()


@pytest.fixture
def jira(server, bench):
    server.forget()
    bench.secrets.own["jira"] = server.secret()
    bench.metadata.by_name["Freight", "fine"] = {}
    return server


@pytest.fixture
def run(bench, jira):
    def call(operation, credentials=None, **config):
        return bench.run("jira", {"credentials": credentials or {"secretName": "jira"}, operation: config}, alias="j")

    return call


def test_creates_an_issue_and_keeps_its_key_with_the_freight(run, bench, jira):
    result = run(
        "createIssue",
        projectKey="SHOP",
        summary="Release {code}",
        description="one\ntwo\n\nthree",
        assigneeEmail="ann@example.com",
        labels=["kargo"],
        customFields={"customfield_10000": "uat"},
    )

    assert result.output == {"key": "SHOP-1"}
    assert bench.metadata.by_name["Freight", "fine"] == {"jira-issue-key": "SHOP-1"}
    fields = jira.issues["SHOP-1"]["fields"]
    assert fields["summary"] == "Release {code}"
    assert fields["issuetype"] == {"name": "Task"}
    assert fields["assignee"] == {"accountId": "id-ann@example.com"}
    assert fields["customfield_10000"] == "uat"
    assert [part["type"] for part in fields["description"]["content"]] == ["paragraph", "paragraph"]


def test_a_document_is_sent_as_it_is(run, jira):
    run("createIssue", projectKey="SHOP", summary="x", adfDescription=ADF, issueType="Bug", issueAlias="bug")

    assert jira.issues["SHOP-1"]["fields"]["description"] == ADF


def test_an_issue_whose_answer_was_lost_is_found_again(run, bench, jira):
    jira.add_issue()
    jira.lose = 1
    with pytest.raises(Unreachable):
        run("createIssue", projectKey="SHOP", summary="x")

    assert run("createIssue", projectKey="SHOP", summary="x").output == {"key": "SHOP-2"}
    bench.previous_output = {"key": "SHOP-2"}
    assert run("createIssue", projectKey="SHOP", summary="x").output == {"key": "SHOP-2"}
    assert len(jira.issues) == 2


def test_changes_fields_labels_and_status(run, jira):
    key = jira.add_issue(labels=["a", "b"])

    result = run(
        "updateIssue", issueKey=key, summary="new", status="IN PROGRESS", addLabels=["c"], removeLabels=["a"]
    )

    assert result == Done()
    fields = jira.issues[key]["fields"]
    assert (fields["summary"], fields["status"], fields["labels"]) == ("new", "In Progress", ["b", "c"])


def test_a_status_may_be_named_by_its_transition_and_is_not_set_twice(run, jira):
    key = jira.add_issue()

    run("updateIssue", issueKey=key, status="go to in progress")
    run("updateIssue", issueKey=key, status="In Progress")

    assert jira.routes().count(f"POST /rest/api/3/issue/{key}/transitions") == 1


def test_a_status_out_of_reach_fails_with_those_in_reach(run, jira):
    key = jira.add_issue("In Progress")

    with pytest.raises(StepFailed, match=r'cannot go to "Closed" .* possible are "To Do", "Done"'):
        run("updateIssue", issueKey=key, status="Closed")


def test_deletes_an_issue_and_is_content_when_it_is_gone(run, bench, jira):
    key = jira.add_issue(subtasks=["x"])
    with pytest.raises(Rejected, match="has subtasks"):
        run("deleteIssue", issueKey=key)

    run("deleteIssue", issueKey=key, deleteSubtasks=True)
    run("deleteIssue", issueKey=key)

    assert ("info", f"Issue {key} was gone already") in bench.lines


def test_searches(run, jira):
    jira.add_issue(summary="one")
    jira.add_issue(summary="two")
    jira.add_issue(summary="two")

    assert run("searchIssue", jql="summary = one").output["issue"]["key"] == "SHOP-1"
    assert run("searchIssue", jql="summary = two", expectMultiple=True).output["issue"]["key"] == "SHOP-2"
    with pytest.raises(StepFailed, match="several issues match"):
        run("searchIssue", jql="summary = two")
    with pytest.raises(StepFailed, match="no issue matches"):
        run("searchIssue", jql="summary = three")
    with pytest.raises(Rejected, match="Error in the JQL Query"):
        run("searchIssue", jql="bad")


def test_asks_for_the_fields_named(run, jira):
    jira.add_issue(summary="one")

    run("searchIssue", jql="summary = one", fields=["summary"], expands=["changelog", "names"])

    assert jira.calls[-1].body["fields"] == ["summary"]
    assert jira.calls[-1].body["expand"] == "changelog,names"


def test_comments_and_deletes_a_comment(run, jira):
    key = jira.add_issue()

    number = run("commentOnIssue", issueKey=key, body="[~admin] *hi*").output["commentID"]
    text = jira.issues[key]["comments"][number]["body"]["content"][0]["content"]
    assert text == [{"type": "text", "text": "[~admin] *hi*"}]
    for _ in range(2):
        assert run("deleteComment", issueKey=key, commentID=number) == Done()

    assert jira.issues[key]["comments"] == {}


def test_a_comment_whose_answer_was_lost_is_found_again_and_a_retry_comments_anew(run, bench, jira):
    key = jira.add_issue()
    jira.lose = 1
    with pytest.raises(Unreachable):
        run("commentOnIssue", issueKey=key, body="hi")

    again = run("commentOnIssue", issueKey=key, adfBody=ADF)
    assert list(jira.issues[key]["comments"]) == [again.output["commentID"]]
    bench.previous_output = again.output
    run("commentOnIssue", issueKey=key, body="hi")

    assert len(jira.issues[key]["comments"]) == 2


def test_waits_for_a_status(run, jira):
    key = jira.add_issue("In Progress")

    waiting = run("waitForStatus", issueKey=key, expectedStatus="DONE", pollInterval="1m")
    assert waiting == Waiting(f'issue {key} is "In Progress", waits for "DONE"', waiting.check_again_in)
    assert waiting.check_again_in.total_seconds() == 60
    assert run("waitForStatus", issueKey=key, expectedStatus="in progress") == Done()


def test_an_assignee_must_be_one_person(run, jira):
    with pytest.raises(Rejected, match="nobody with the e-mail address"):
        run("createIssue", projectKey="SHOP", summary="x", assigneeEmail="zoe@example.com")
    with pytest.raises(Rejected, match="several people"):
        run("createIssue", projectKey="SHOP", summary="x", assigneeEmail="ann@other.example")


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        (None, '"jira" of this project does not exist'),
        ({"username": "a", "password": "b"}, "no key domain"),
        ({"domain": "a.example", "username": "", "password": "b"}, "no key username"),
    ],
)
def test_a_secret_that_is_not_whole_is_told(run, bench, secret, said):
    bench.secrets.own.clear()
    if secret is not None:
        bench.secrets.own["jira"] = secret

    with pytest.raises(StepErrored, match=said):
        run("waitForStatus", issueKey="SHOP-1", expectedStatus="x")


@pytest.mark.parametrize("domain", ["ftp://x", "https://u:p@x", "http://", "file:///etc/passwd"])
def test_a_domain_that_is_no_site_is_refused(run, bench, jira, domain):
    bench.secrets.own["jira"] = {**jira.secret(), "domain": domain}

    with pytest.raises(IntegrationError, match="not the address of a site") as caught:
        run("waitForStatus", issueKey="SHOP-1", expectedStatus="x")

    assert "etc" not in str(caught.value)


def test_a_shared_secret(run, bench, jira):
    bench.secrets.shared["jira"] = bench.secrets.own.pop("jira")
    key = jira.add_issue()

    assert run("waitForStatus", {"sharedSecretName": "jira"}, issueKey=key, expectedStatus="To Do") == Done()


def test_what_jira_answers_is_told(run, bench, jira):
    with pytest.raises(NotFound, match="do not have permission"):
        run("waitForStatus", issueKey="SHOP-9", expectedStatus="x")
    with pytest.raises(Rejected, match="project: valid project is required"):
        run("createIssue", projectKey="NONE", summary="x")
    jira.faults = [Reply(503, b"<html>")] * 4
    with pytest.raises(Unreachable):
        run("waitForStatus", issueKey="SHOP-9", expectedStatus="x")
    bench.secrets.own["jira"] = {**jira.secret(), "password": "wrong-token"}
    with pytest.raises(Unauthorized) as caught:
        run("waitForStatus", issueKey="SHOP-9", expectedStatus="x")
    assert "wrong-token" not in str(caught.value)


def test_a_key_cannot_lead_to_another_address(run, jira):
    run("deleteIssue", issueKey="../../myself?x=")

    assert jira.calls[-1].path == "/rest/api/3/issue/../../myself?x="


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"credentials": {"secretName": "jira"}}, "give exactly one of createIssue, updateIssue"),
        ({"waitForStatus": {"issueKey": "A-1", "expectedStatus": "x"}}, "credentials: is required"),
        (
            {
                "credentials": {"secretName": "a", "sharedSecretName": "b"},
                "deleteIssue": {"issueKey": "A-1"},
            },
            "give either secretName or sharedSecretName",
        ),
        (
            {
                "credentials": {"secretName": "a"},
                "deleteIssue": {"issueKey": "A-1"},
                "searchIssue": {"jql": "x"},
            },
            "give exactly one",
        ),
        ({"credentials": {"secretName": "a"}, "commentOnIssue": {"issueKey": "A-1"}}, "give body or adfBody"),
        (
            {
                "credentials": {"secretName": "a"},
                "createIssue": {"projectKey": "A", "summary": "x", "description": "x", "adfDescription": {}},
            },
            "give either description or adfDescription",
        ),
        ({"credentials": {"secretName": "a"}, "deleteIssue": {"issueKey": "A-1", "force": True}}, "unknown field"),
    ],
)
def test_refuses_these_configs(bench, jira, config, said):
    with pytest.raises(StepFailed, match=f"invalid jira config: .*{said}"):
        bench.run("jira", config)


@pytest.mark.parametrize(
    ("operation", "config", "said", "output"),
    [
        ("createIssue", {"projectKey": "A", "summary": "S"}, 'would create an issue "S" in Jira project A', None),
        ("updateIssue", {"issueKey": "A-1"}, "would change Jira issue A-1", {}),
        ("deleteIssue", {"issueKey": "A-1"}, "would delete Jira issue A-1", {}),
        ("commentOnIssue", {"issueKey": "A-1", "body": "x"}, "would comment on Jira issue A-1", None),
        ("deleteComment", {"issueKey": "A-1", "commentID": "5"}, "would delete a comment of Jira issue A-1", {}),
        ("waitForStatus", {"issueKey": "A-1", "expectedStatus": "D"}, "would wait until Jira issue A-1 is D", {}),
    ],
)
def test_says_what_it_would_do_and_asks_nobody(bench, jira, operation, config, said, output):
    step = find_step("jira")
    parsed = step.config.model_validate({"credentials": {"secretName": "jira"}, operation: config})

    would = step.would(bench.context(), parsed)

    assert (would.message, would.output) == (said, output)
    assert not jira.calls


def test_text_as_a_document():
    content = text_to_adf("a\r\nb\n\n\n\nc")["content"]

    assert content[0]["content"] == [
        {"type": "text", "text": "a"},
        {"type": "hardBreak"},
        {"type": "text", "text": "b"},
    ]
    assert len(content) == 2
    assert text_to_adf("")["content"] == []
