from datetime import timedelta

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import RateLimited, Unreachable
from integrations.http import BlockedAddress, HttpClient, HttpPolicy
from promotions.steps.base import Done, StepErrored, StepFailed, Waiting, Would
from promotions.steps.registry import find_step
from tests.servers.forge import TOKEN, Reply
from tests.servers.github import GitHubServer


@pytest.fixture(scope="module")
def github(tmp_path_factory):
    server = GitHubServer(tmp_path_factory.mktemp("github"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def forge(github, bench):
    github.forget()
    bench.credentials.by_url[github.repo_url] = BasicAuth("x", TOKEN)
    return github


def _merge(bench, forge, **more):
    return bench.run(
        "git-merge-pr", {"repoURL": forge.repo_url, "prNumber": 1, "provider": "github", **more}, alias="merge"
    )


def test_merges_and_says_which_commit_it_made(bench, forge):
    forge.open_pull()

    result = _merge(bench, forge, mergeMethod="squash")

    assert result == Done({"commit": forge.head("acme/app")})
    assert forge.pulls[1].method == "squash"


def test_a_second_run_finds_it_merged(bench, forge):
    forge.open_pull()
    first = _merge(bench, forge)

    assert _merge(bench, forge) == first
    assert sum(call.method == "PUT" for call in forge.calls) == 1


def test_fails_when_it_is_not_ready_and_must_not_wait(bench, forge):
    forge.open_pull(readiness="unknown")

    with pytest.raises(StepFailed, match=r"^pull request 1 is not ready to merge and wait is disabled"):
        _merge(bench, forge)


@pytest.mark.parametrize(("interval", "seconds"), [({}, 10), ({"pollInterval": "2m"}, 120)])
def test_waits_when_it_is_not_ready_yet(bench, forge, interval, seconds):
    forge.open_pull(readiness="unknown")

    result = _merge(bench, forge, wait=True, **interval)

    assert isinstance(result, Waiting)
    assert result.check_again_in == timedelta(seconds=seconds)
    assert "still looked at" in result.message
    forge.pulls[1].readiness = "clean"
    assert isinstance(_merge(bench, forge, wait=True), Done)


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize(
    ("facts", "reply", "message"),
    [
        ({"state": "closed"}, None, "pull request 1 is closed but not merged"),
        ({"readiness": "dirty"}, None, "has conflicts"),
        ({}, Reply(405, {"message": "Merge commits are not allowed on this repository."}), "not allowed"),
        ({}, Reply(403, {"message": "no access"}), "no access"),
        ({}, Reply(409, {"message": "Head branch was modified."}), "Head branch was modified"),
    ],
)
def test_fails_for_good_when_the_provider_says_no(bench, forge, wait, facts, reply, message):
    forge.open_pull(**facts)
    forge.on_merge = [reply] if reply else []

    with pytest.raises(StepFailed, match=f"^error merging pull request 1: .*{message}") as caught:
        _merge(bench, forge, wait=wait)

    assert not caught.value.retry


def test_an_unknown_method_or_number_fails(bench, forge):
    forge.open_pull()

    with pytest.raises(StepFailed, match='merge method "fast" is unknown there'):
        _merge(bench, forge, mergeMethod="fast")
    with pytest.raises(StepFailed, match=r"error merging pull request 2: .*404"):
        _merge(bench, forge, prNumber=2)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(500, b""), Unreachable),
        (Reply(503, b"<html>"), Unreachable),
        (Reply(429, b"", (("Retry-After", "60"),)), RateLimited),
        (Reply(403, {"message": "You have exceeded a secondary rate limit"}), RateLimited),
    ],
)
def test_trouble_that_may_pass_is_an_error_to_try_again(bench, forge, reply, error):
    forge.open_pull()
    forge.on_merge = [reply]

    with pytest.raises(error) as caught:
        _merge(bench, forge)

    assert not caught.value.permanent


def test_a_host_out_of_reach_is_an_error_of_the_set_up(bench, forge):
    with HttpClient(HttpPolicy(), "test") as bench.http, pytest.raises(BlockedAddress):
        _merge(bench, forge)


def test_a_host_that_tells_no_provider_is_an_error_of_the_set_up(bench, forge):
    with pytest.raises(Exception, match="Set provider to one of") as caught:
        bench.run("git-merge-pr", {"repoURL": forge.repo_url, "prNumber": 1})

    assert not isinstance(caught.value, StepFailed)


def test_an_interval_that_only_looks_like_one_is_an_error(bench, forge):
    with pytest.raises(StepErrored, match="pollInterval: "):
        _merge(bench, forge, pollInterval="1s.")


@pytest.mark.parametrize(
    ("more", "violation"),
    [
        ({"mergeMethod": ""}, "mergeMethod: must not be empty"),
        ({"wait": "true"}, "wait: must be true or false"),
        ({"prNumber": -1}, "prNumber: "),
        ({"method": "squash"}, "method: unknown field"),
    ],
)
def test_refuses_these_configs(bench, forge, more, violation):
    with pytest.raises(StepFailed, match=f"invalid git-merge-pr config: {violation}"):
        _merge(bench, forge, **more)


def test_says_what_it_would_do(bench):
    step = find_step("git-merge-pr")
    config = {"repoURL": "https://github.com/acme/app", "prNumber": 3, "mergeMethod": "squash"}

    assert step.would(bench.context(), step.config.model_validate(config)) == Would(
        "would merge pull request 3 of https://github.com/acme/app by squash"
    )
