from datetime import timedelta

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import NotFound, Unreachable
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


def _wait(bench, forge, **more):
    return bench.run(
        "git-wait-for-pr", {"repoURL": forge.repo_url, "prNumber": 1, "provider": "github", **more}, alias="wait"
    )


def _shown(forge, *, is_open, is_merged):
    return {"id": 1, "url": f"{forge.base_url}/acme/app/pull/1", "open": is_open, "merged": is_merged}


@pytest.mark.parametrize(("interval", "seconds"), [({}, 30), ({"pollInterval": "1m30s"}, 90)])
def test_waits_while_it_is_open(bench, forge, interval, seconds):
    forge.open_pull()

    result = _wait(bench, forge, **interval)

    assert isinstance(result, Waiting)
    assert result.check_again_in == timedelta(seconds=seconds)
    assert result.output == {"pr": _shown(forge, is_open=True, is_merged=False)}


def test_ends_when_it_is_merged(bench, forge):
    forge.do_merge(forge.open_pull())

    assert _wait(bench, forge) == Done(
        {"pr": _shown(forge, is_open=False, is_merged=True), "commit": forge.head("acme/app")}
    )


def test_fails_when_it_is_closed_and_says_how_it_stands(bench, forge):
    forge.open_pull(state="closed")

    with pytest.raises(StepFailed, match=r"^pull request 1 was closed without being merged$") as caught:
        _wait(bench, forge)

    assert caught.value.output == {"pr": _shown(forge, is_open=False, is_merged=False)}


def test_a_whole_number_may_come_as_a_float(bench, forge):
    forge.open_pull()

    assert isinstance(_wait(bench, forge, prNumber=1.0), Waiting)


def test_a_number_that_is_unknown_is_an_error(bench, forge):
    with pytest.raises(NotFound, match="read pull request 5"):
        _wait(bench, forge, prNumber=5)


def test_a_server_that_is_broken_is_an_error_that_may_pass(bench, forge):
    forge.faults = [Reply(500, b"")] * 4

    with pytest.raises(Unreachable) as caught:
        _wait(bench, forge)

    assert not caught.value.permanent


def test_an_interval_that_only_looks_like_one_is_an_error(bench, forge):
    with pytest.raises(StepErrored, match='pollInterval: "30s later" is not a duration'):
        _wait(bench, forge, pollInterval="30s later")


@pytest.mark.parametrize(
    ("more", "violation"),
    [
        ({"prNumber": 0}, "prNumber: "),
        ({"prNumber": 1.5}, "prNumber: "),
        ({"prNumber": "1"}, "prNumber: must be a whole number"),
        ({"prNumber": True}, "prNumber: must be a whole number"),
        ({"pollInterval": ""}, "pollInterval: must match"),
        ({"pollInterval": "soon"}, "pollInterval: must match"),
        ({"repoURL": "git@github.com:acme/app"}, "repoURL: must be a URL"),
        ({"wait": True}, "wait: unknown field"),
    ],
)
def test_refuses_these_configs(bench, forge, more, violation):
    with pytest.raises(StepFailed, match=f"invalid git-wait-for-pr config: {violation}"):
        _wait(bench, forge, **more)


def test_says_what_it_would_do(bench):
    step = find_step("git-wait-for-pr")
    config = step.config.model_validate({"repoURL": "https://github.com/acme/app", "prNumber": 3})

    assert step.would(bench.context(), config) == Would(
        "would wait until pull request 3 of https://github.com/acme/app is merged"
    )
