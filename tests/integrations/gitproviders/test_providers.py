"""What all providers have in common, each against its own loopback forge."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import IntegrationError, NotFound, RateLimited, Rejected, Unauthorized, Unreachable
from integrations.gitproviders.base import Merged, NewPullRequest, NotReady, find_open
from integrations.gitproviders.bitbucket_cloud import BitbucketCloud, login_headers
from integrations.gitproviders.registry import open_provider
from integrations.gitproviders.rest import RestClient
from integrations.http import HttpClient
from tests.servers.azure import AzureServer
from tests.servers.bitbucket import BitbucketCloudServer, BitbucketDataCenterServer
from tests.servers.forge import SLOW, TOKEN, Reply
from tests.servers.gitea import GiteaServer
from tests.servers.github import GitHubServer
from tests.servers.gitlab import GitLabServer

_SERVERS = {
    "azure": AzureServer,
    "bitbucket-cloud": BitbucketCloudServer,
    "bitbucket-datacenter": BitbucketDataCenterServer,
    "gitea": GiteaServer,
    "github": GitHubServer,
    "gitlab": GitLabServer,
}
_METHODS = {
    "azure": "rebaseMerge",
    "bitbucket-cloud": "squash_fast_forward",
    "bitbucket-datacenter": "ff-only",
    "gitea": "rebase-merge",
    "github": "rebase",
    "gitlab": "squash",
}
BRANCHES = {"source": "change", "target": "main"}


@pytest.fixture(params=_SERVERS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def forges(tmp_path_factory):
    started = {name: server(tmp_path_factory.mktemp(name)) for name, server in _SERVERS.items()}
    for server in started.values():
        server.start()
    yield started
    for server in started.values():
        server.stop()


@pytest.fixture
def forge(kind, forges):
    yield forges[kind]
    forges[kind].forget()


def connect(kind, forge, client, token=TOKEN):
    if kind == "bitbucket-cloud":
        # It is at one address in the world.
        rest = RestClient(client, f"{forge.base_url}/2.0", login_headers("x-token-auth", token))
        return BitbucketCloud(rest, "acme", "app")
    name = kind.partition("-")[0]
    return open_provider(client, forge.repo_url, BasicAuth("somebody", token), provider=name)


@pytest.fixture
def provider(kind, forge, client):
    return connect(kind, forge, client)


def test_opens_a_pull_request_and_finds_it_again(forge, provider):
    forge.change("change")

    opened = provider.create(NewPullRequest("A title", "Text\n\nwith ünicode", "change", "main"))

    head = forge.head(forge.repository, "change")
    assert (opened.number, opened.is_open, opened.is_merged, opened.merge_commit) == (1, True, False, "")
    assert head.startswith(opened.head_commit)
    assert opened.url.startswith("http")
    assert opened.url.rstrip("/").endswith("1")
    assert (forge.pulls[1].title, forge.pulls[1].description) == ("A title", "Text\n\nwith ünicode")
    assert find_open(provider, **BRANCHES, head=head) == opened
    assert provider.get(1) == opened


def test_finds_the_newest_of_the_pull_requests_that_are_the_same(forge, provider):
    first = forge.open_pull()
    forge.open_pull()
    forge.open_pull(state="closed")
    forge.open_pull(target="other")
    forge.open_pull(head="0" * 40)

    assert find_open(provider, **BRANCHES, head=first.head).number == 2
    assert find_open(provider, source="change", target="nowhere", head=first.head) is None
    assert find_open(provider, **BRANCHES, head="f" * 40) is None


def test_says_when_a_pull_request_was_opened(forge, provider):
    forge.open_pull()

    created_at = provider.get(1).created_at

    assert created_at - datetime(2026, 1, 2, 3, 5, 5, tzinfo=UTC) < timedelta(seconds=1)


def test_reads_all_pages_of_a_list(kind, forge, provider):
    forge.page_size = 2
    for _ in range(5 if kind != "azure" else 101):
        forge.open_pull()

    found = provider.list_open(**BRANCHES)

    assert [pull.number for pull in found] == list(range(1, len(forge.pulls) + 1))
    assert len(forge.calls) == (2 if kind == "azure" else 3)


def test_merges_with_the_method_asked_for_and_says_which_commit_it_made(kind, forge, provider):
    forge.open_pull()

    outcome = provider.merge(1, method=_METHODS[kind])

    assert isinstance(outcome, Merged)
    assert outcome.pull_request.merge_commit == forge.head(forge.repository)
    assert (outcome.pull_request.is_open, outcome.pull_request.is_merged) == (False, True)
    assert forge.pulls[1].method == ("True" if kind == "gitlab" else _METHODS[kind])
    assert provider.get(1).merge_commit == forge.head(forge.repository)


def test_takes_the_default_of_the_repository_without_a_method(kind, forge, provider):
    forge.open_pull()

    assert isinstance(provider.merge(1, method=""), Merged)
    assert forge.pulls[1].method == {"gitea": "merge", "gitlab": "None"}.get(kind)


def test_a_pull_request_that_is_merged_already_is_merged(forge, provider):
    pull = forge.open_pull()
    forge.do_merge(pull)

    outcome = provider.merge(1, method="")

    assert isinstance(outcome, Merged)
    assert outcome.pull_request.merge_commit == pull.merge_commit
    assert all(call.method == "GET" for call in forge.calls)


def test_a_pull_request_that_was_closed_is_an_error(forge, provider):
    forge.open_pull(state="closed")

    with pytest.raises(Rejected, match="pull request 1 is closed but not merged") as caught:
        provider.merge(1, method="")

    assert caught.value.permanent
    assert (provider.get(1).is_open, provider.get(1).is_merged) == (False, False)


def test_a_method_that_is_unknown_there_is_an_error_and_nothing_is_merged(forge, provider):
    forge.open_pull()

    with pytest.raises(Rejected, match='merge method "by-hand" is unknown there; known are '):
        provider.merge(1, method="by-hand")

    assert forge.pulls[1].state == "open"


def test_a_draft_is_not_ready(kind, forge, provider):
    forge.open_pull(draft=True, readiness={"github": "draft", "gitlab": "draft_status"}.get(kind, forge.ready))

    assert isinstance(provider.merge(1, method=""), NotReady)
    assert forge.pulls[1].state == "open"


def test_a_pull_request_that_is_not_there_is_not_found(provider):
    with pytest.raises(NotFound, match=r"read (pull|merge) request 9"):
        provider.get(9)


def test_a_wrong_token_is_named_and_not_shown(kind, forge, client):
    provider = connect(kind, forge, client, "wr0ng-token")

    with pytest.raises(Unauthorized, match="Check them in Settings") as caught:
        provider.get(1)

    assert "wr0ng" not in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "error", "tries"),
    [
        (Reply(500, {"message": "boom"}), Unreachable, 3),
        (Reply(502, b"<html>Bad gateway</html>"), Unreachable, 3),
        (Reply(403, {"message": "no access"}), Unauthorized, 1),
        (Reply(404, {"message": "nothing here"}), NotFound, 1),
        (Reply(409, {"message": "conflict"}), Rejected, 1),
        (Reply(422, {"message": "Validation Failed", "errors": [{"message": "wrong"}]}), Rejected, 1),
        (Reply(429, {"message": "slow down"}, (("Retry-After", "900"),)), RateLimited, 1),
        (Reply(403, b"", (("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "900"))), RateLimited, 1),
    ],
    ids=["500", "502", "403", "404", "409", "422", "429", "403-limit"],
)
def test_errors_of_the_server_become_ours(forge, provider, reply, error, tries):
    forge.faults = [reply] * 5

    with pytest.raises(error) as caught:
        provider.get(1)

    assert len(forge.calls) == tries
    assert caught.value.permanent is (error in (Unauthorized, NotFound, Rejected))
    assert f"answered {reply.status}" in str(caught.value)
    if isinstance(reply.body, dict):
        assert reply.body["message"] in str(caught.value)


@pytest.mark.parametrize(
    "body", [b"", b"<html>Please sign in</html>", b"[]", b"{}", b'{"number": "many"}', b"\xff\xfe", b"[" * 5000]
)
def test_garbage_is_an_error_that_may_pass(forge, provider, body):
    forge.faults = [Reply(200, body)]

    with pytest.raises(IntegrationError, match="not with what its API promises") as caught:
        provider.get(1)

    assert not caught.value.permanent


def test_opening_is_never_repeated_by_itself(forge, provider):
    forge.faults = [Reply(502, b"")]

    with pytest.raises(Unreachable):
        provider.create(NewPullRequest("A title", "", "change", "main"))

    assert sum(call.method == "POST" for call in forge.calls) == 1


def test_merging_is_never_repeated_by_itself(forge, provider):
    forge.open_pull()
    forge.on_merge = [Reply(503, b"")]

    with pytest.raises(Unreachable):
        provider.merge(1, method="")

    assert sum(call.method != "GET" for call in forge.calls) == 1


def test_a_silent_server_is_given_up(kind, forge, client):
    forge.faults = [SLOW] * 5
    policy = replace(client.policy, timeout=timedelta(milliseconds=200), attempts=1)

    with HttpClient(policy, "test") as hasty, pytest.raises(Unreachable, match=r"did not answer within 0\.2 s"):
        connect(kind, forge, hasty).get(1)
