import dataclasses

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import Rejected, Unauthorized, Unreachable
from promotions.steps.base import Done, Skipped, StepErrored, StepFailed, Would
from promotions.steps.execution import execute
from promotions.steps.registry import find_step
from tests.servers.bitbucket import BitbucketDataCenterServer
from tests.servers.forge import TOKEN, Reply
from tests.servers.gitea import GiteaServer
from tests.servers.github import GitHubServer

STAGE_PAGE = "https://kargoweb.example/project/shop/stage/uat"


@pytest.fixture(scope="module")
def github(tmp_path_factory):
    forge = GitHubServer(tmp_path_factory.mktemp("github"))
    forge.start()
    yield forge
    forge.stop()


@pytest.fixture
def forge(github):
    github.forget()
    github.change("change")
    yield github
    github.delete_branch("acme/app", "change")


def _config(forge, **more):
    config = {"repoURL": forge.repo_url, "sourceBranch": "change", "targetBranch": "main", "provider": "github"}
    return {**config, **more}


def _open(bench, forge, *, previous=None, stage_url="", **more):
    bench.credentials.by_url[forge.repo_url] = BasicAuth("x", TOKEN)
    context = dataclasses.replace(bench.context("open-pr"), previous_output=previous, stage_url=stage_url)
    return execute(find_step("git-open-pr"), _config(forge, **more), context)


def test_opens_a_pull_request_with_the_words_of_the_last_commit(bench, forge):
    result = _open(bench, forge)

    assert result == Done({"pr": {"id": 1, "url": f"{forge.base_url}/acme/app/pull/1"}})
    pull = forge.pulls[1]
    assert (pull.source, pull.target) == ("change", "main")
    assert (pull.title, pull.description) == ("Set v to 2", "\nBecause it is newer.")
    assert ("info", f"Opened pull request 1: {forge.base_url}/acme/app/pull/1") in bench.lines


@pytest.mark.parametrize(
    ("given", "title", "description"),
    [
        ({"title": "Mine"}, "Mine", "Set v to 2\n\nBecause it is newer."),
        ({"description": "Text"}, "Set v to 2", "Text"),
        ({"title": "Mine", "description": "Text"}, "Mine", "Text"),
    ],
)
def test_uses_the_words_it_is_given(bench, forge, given, title, description):
    _open(bench, forge, **given)

    assert (forge.pulls[1].title, forge.pulls[1].description) == (title, description)


def test_a_message_of_one_line_leaves_no_description(bench, forge):
    forge.change("change", "Only a title")

    _open(bench, forge)

    assert (forge.pulls[1].title, forge.pulls[1].description) == ("Only a title", "")


def test_links_to_the_page_of_the_stage(bench, forge):
    _open(bench, forge, description="Text", stage_url=STAGE_PAGE)

    assert forge.pulls[1].description == f"Text\n\n[View in Kargo UI]({STAGE_PAGE})"


def test_labels_go_along(bench, forge):
    _open(bench, forge, labels=["env", "bot"])

    assert forge.pulls[1].labels == ["env", "bot"]


def test_a_second_run_adopts_what_the_first_one_opened(bench, forge):
    first = _open(bench, forge)

    assert _open(bench, forge) == first
    assert len(forge.pulls) == 1


def test_a_second_run_puts_on_the_labels_that_the_first_one_did_not_come_to(bench, forge):
    forge.open_pull()

    _open(bench, forge, labels=["env", "bot"])

    assert list(forge.pulls) == [1]
    assert forge.pulls[1].labels == ["env", "bot"]


def test_a_pull_request_with_another_head_is_not_adopted(bench, forge):
    forge.open_pull(head="0" * 40)

    with pytest.raises(Rejected, match="A pull request already exists"):
        _open(bench, forge)


def test_an_output_of_an_earlier_run_is_given_again_without_asking_anybody(bench, forge):
    earlier = {"pr": {"id": 7, "url": "https://example.com/7"}}

    assert _open(bench, forge, previous=earlier, repoURL="http://127.0.0.1:1/acme/app") == Done(earlier)
    assert forge.calls == []


@pytest.mark.parametrize("previous", [None, {}, {"pr": None}, {"pr": {"url": "x"}}, {"pr": {"id": None}}])
def test_an_output_without_a_number_is_none(bench, forge, previous):
    assert _open(bench, forge, previous=previous).output["pr"]["id"] == 1


def test_branches_that_hold_the_same_files_need_no_pull_request(bench, forge):
    forge.commit("acme/app", {"app.yaml": forge.read("acme/app", "main", "app.yaml")}, "Undo", branch="change")

    result = _open(bench, forge)

    assert isinstance(result, Skipped)
    assert result.output is None
    assert "hold the same files" in result.message
    assert forge.pulls == {}


def test_a_target_branch_that_is_missing_is_an_error(bench, forge):
    with pytest.raises(StepErrored, match='target branch "prod" does not exist'):
        _open(bench, forge, targetBranch="prod")


def test_a_source_branch_that_is_missing_is_an_error(bench, forge):
    with pytest.raises(StepErrored, match='source branch "nowhere" does not exist'):
        _open(bench, forge, sourceBranch="nowhere")


def test_a_host_that_tells_no_provider_is_an_error(bench, forge):
    bench.credentials.by_url[forge.repo_url] = BasicAuth("x", TOKEN)
    config = _config(forge)
    del config["provider"]

    with pytest.raises(Exception, match="Set provider to one of"):
        bench.run("git-open-pr", config)


def test_a_wrong_token_is_an_error(bench, forge):
    with pytest.raises(Unauthorized):
        bench.run("git-open-pr", _config(forge))


def test_a_broken_answer_leaves_the_pull_request_to_the_next_run(bench, forge):
    forge.open_pull()
    forge.pulls[1].state = "closed"
    forge.faults = []
    answer = forge.answer

    def break_once(call):
        reply = answer(call)
        forge.answer = answer
        return reply if call.method == "GET" else Reply(502, b"")

    def first_post(call):
        return break_once(call) if call.method == "POST" else answer(call)

    forge.answer = first_post
    with pytest.raises(Unreachable):
        _open(bench, forge)

    assert _open(bench, forge).output["pr"]["id"] == 2
    assert len(forge.pulls) == 2


def test_says_that_bitbucket_has_no_labels(bench, tmp_path):
    forge = BitbucketDataCenterServer(tmp_path / "bitbucket")
    forge.start()
    forge.change("change")
    try:
        _open(bench, forge, provider="bitbucket", labels=["a"])
    finally:
        forge.stop()

    assert any("has no labels" in text for _, text in bench.lines)


def test_a_label_that_gitea_does_not_have_opens_nothing(bench, tmp_path):
    forge = GiteaServer(tmp_path / "gitea")
    forge.start()
    forge.change("change")
    try:
        with pytest.raises(Rejected, match="labels nope do not exist"):
            _open(bench, forge, provider="gitea", labels=["nope"])
    finally:
        forge.stop()


def test_says_what_it_would_do(bench):
    step = find_step("git-open-pr")
    config = {"repoURL": "https://ann:pw@github.com/acme/app", "sourceBranch": "a", "targetBranch": "b"}

    said = step.would(bench.context(), step.config.model_validate(config))

    assert said == Would(
        'would open a pull request from "a" to "b" of https://github.com/acme/app, unless both hold the same files'
    )


BASE = {"repoURL": "https://github.com/acme/app.git", "sourceBranch": "a", "targetBranch": "b"}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"title": "T", "description": "D", "labels": [], "createTargetBranch": True},
        {"labels": ["a"], "provider": "gitlab", "insecureSkipTLSVerify": True},
        {"repoURL": "ssh://git@github.com/acme/app.git"},
        {"repoURL": "https://github.com:8443/a b"},
        {"repoURL": "github.com:acme/app"},
    ],
)
def test_takes_these_configs(more):
    find_step("git-open-pr").config.model_validate({**BASE, **more})


@pytest.mark.parametrize(
    ("more", "violation"),
    [
        ({"repoURL": ""}, "repoURL: must not be empty"),
        ({"repoURL": "git@github.com:acme/app"}, "repoURL: must be a URL that begins with its scheme"),
        ({"repoURL": "acme/app"}, "repoURL: must be a URL"),
        ({"repoURL": "https://git hub.com/x"}, "repoURL: must be a URL"),
        ({"repoURL": "https://github.com/%zz"}, "repoURL: must be a URL"),
        ({"repoURL": "https://github.com:port/x"}, "repoURL: must be a URL"),
        ({"repoURL": "https://github.com/a\\b"}, "repoURL: must be a URL"),
        ({"repoURL": None}, "repoURL: must be a string, got null"),
        ({"sourceBranch": ""}, "sourceBranch: must not be empty"),
        ({"targetBranch": ""}, "targetBranch: must not be empty"),
        ({"title": ""}, "title: must not be empty"),
        ({"description": ""}, "description: must not be empty"),
        ({"labels": [""]}, r"labels\[0\]: must not be empty"),
        ({"labels": None}, "labels: must be a list, got null"),
        ({"provider": ""}, "provider: must be one of"),
        ({"provider": None}, "provider: must be one of"),
        ({"provider": "gogs"}, "provider: must be one of"),
        ({"insecureSkipTLSVerify": "yes"}, "insecureSkipTLSVerify: must be true or false"),
        ({"wait": True}, "wait: unknown field"),
    ],
)
def test_refuses_these_configs(bench, more, violation):
    with pytest.raises(StepFailed, match=f"invalid git-open-pr config: .*{violation}"):
        bench.run("git-open-pr", {**BASE, **more})


@pytest.mark.parametrize("field", ["repoURL", "sourceBranch", "targetBranch"])
def test_wants_these_fields(bench, field):
    config = {key: value for key, value in BASE.items() if key != field}

    with pytest.raises(StepFailed, match=f"{field}: is required"):
        bench.run("git-open-pr", config)
