"""When each provider lets a pull request be merged, and what its refusals mean."""

import base64

import pytest

from integrations.credentials import BasicAuth, SshKey
from integrations.errors import IntegrationConflict, IntegrationError, Rejected, Unauthorized
from integrations.gitproviders.azure import Azure
from integrations.gitproviders.base import Merged, NewPullRequest, NotReady
from integrations.gitproviders.registry import open_provider
from integrations.gitproviders.rest import RestClient
from tests.servers.azure import AzureServer
from tests.servers.bitbucket import BitbucketDataCenterServer
from tests.servers.forge import TOKEN, Reply
from tests.servers.gitea import GiteaServer
from tests.servers.github import GitHubServer
from tests.servers.gitlab import GitLabServer


def _forge(server):
    @pytest.fixture(scope="module")
    def started(tmp_path_factory):
        forge = server(tmp_path_factory.mktemp("forge"))
        forge.start()
        yield forge
        forge.stop()

    return started


github_server, gitlab_server, gitea_server, azure_server, datacenter_server = map(
    _forge, (GitHubServer, GitLabServer, GiteaServer, AzureServer, BitbucketDataCenterServer)
)


def _open(forge, client, name):
    forge.forget()
    return open_provider(client, forge.repo_url, BasicAuth("x", TOKEN), provider=name)


@pytest.fixture
def github(github_server, client):
    return _open(github_server, client, "github")


@pytest.fixture
def gitlab(gitlab_server, client):
    gitlab_server.commit_fields = ("merge_commit_sha",)
    return _open(gitlab_server, client, "gitlab")


@pytest.fixture
def gitea(gitea_server, client):
    return _open(gitea_server, client, "gitea")


@pytest.mark.parametrize(
    ("readiness", "draft", "outcome"),
    [
        ("clean", False, Merged),
        ("unstable", False, Merged),
        ("has_hooks", False, Merged),
        ("blocked", False, Merged),
        ("behind", False, Merged),
        ("dirty", False, Rejected),
        ("draft", True, NotReady),
        ("unknown", False, NotReady),
        # A state that is new to us: what else the answer says decides.
        ("moonstruck", False, Merged),
        ("moonstruck", True, NotReady),
    ],
)
def test_github_mergeable_state(github_server, github, readiness, draft, outcome):
    github_server.open_pull(readiness=readiness, draft=draft)

    if outcome is Rejected:
        with pytest.raises(Rejected, match="has conflicts with its base branch"):
            github.merge(1, method="")
    else:
        assert isinstance(github.merge(1, method=""), outcome)
    assert (github_server.pulls[1].state == "merged") is (outcome is Merged)


@pytest.mark.parametrize(
    ("readiness", "said", "is_not_ready"),
    [
        ("clean", "Base branch was modified. Review and try the merge again.", True),
        ("clean", "Pull Request is not mergeable", True),
        ("blocked", "At least 1 approving review is required by reviewers with write access.", True),
        ("behind", "Required status check 'ci' is expected.", True),
        ("clean", "At least 1 approving review is required by reviewers with write access.", False),
        ("clean", "Squash merges are not allowed on this repository.", False),
        ("blocked", "Merge commits are not allowed on this repository.", False),
    ],
)
def test_github_says_405_for_not_now_and_for_never(github_server, github, readiness, said, is_not_ready):
    github_server.open_pull(readiness=readiness)
    github_server.on_merge = [Reply(405, {"message": said})]

    if is_not_ready:
        assert said in github.merge(1, method="squash").reason
    else:
        with pytest.raises(Rejected, match=r"answered 405 .* It said: ") as caught:
            github.merge(1, method="squash")
        assert said in str(caught.value)


def test_github_merge_commit_of_an_open_pull_request_is_only_a_try(github_server, github):
    github_server.open_pull()

    assert github.get(1).merge_commit == ""


def test_github_labels_are_put_on_after_opening(github_server, github):
    github.create(NewPullRequest("T", "", "change", "main", ("a", "b")))

    assert github_server.pulls[1].labels == ["a", "b"]


def test_github_tells_why_it_refuses_to_open(github_server, github):
    github_server.open_pull()

    with pytest.raises(
        Rejected, match=r"422 .*open a pull request.*Validation Failed; A pull request already exists"
    ):
        github.create(NewPullRequest("T", "", "change", "main"))


@pytest.mark.parametrize("host", ["evil.example", "localhost"])
def test_a_next_page_elsewhere_gets_no_token(github_server, github, host):
    github_server.faults = [Reply(200, b"[]", (("Link", f'<http://{host}/steal>; rel="next"'),))]

    with pytest.raises(IntegrationError, match="sends us to another host") as caught:
        github.list_open(source="a", target="b")

    assert caught.value.permanent


def test_a_list_that_never_ends_is_an_error(github_server, github):
    again = f"{github_server.base_url}/api/v3/repos/acme/app/pulls?again"
    github_server.faults = [Reply(200, b"[]", (("Link", f'<{again}>; rel="next"'),))] * 5

    with pytest.raises(IntegrationError, match="does not come to an end"):
        github.list_open(source="a", target="b")


@pytest.mark.parametrize("status", ["checking", "ci_still_running", "not_approved", "conflict", "draft_status", ""])
def test_gitlab_wants_the_detailed_status_mergeable(gitlab_server, gitlab, status):
    gitlab_server.open_pull(readiness=status)

    assert gitlab.merge(1, method="") == NotReady(f'has merge status "{status}"')
    assert gitlab_server.pulls[1].state == "open"


def test_gitlab_merge_request_that_is_being_merged_is_not_ready(gitlab_server, gitlab):
    gitlab_server.open_pull(state="locked")

    assert gitlab.merge(1, method="") == NotReady("is being merged")
    assert gitlab.get(1).is_open


def test_gitlab_merge_train_is_not_ready_yet(gitlab_server, gitlab):
    pull = gitlab_server.open_pull()
    gitlab_server.on_merge = [Reply(200, gitlab_server._show(pull))]

    assert gitlab.merge(1, method="") == NotReady("is queued in a merge train")


@pytest.mark.parametrize(("fields", "method"), [(("squash_commit_sha",), "squash"), (("sha",), "merge")])
def test_gitlab_without_a_merge_commit_names_what_came_instead(gitlab_server, gitlab, fields, method):
    gitlab_server.open_pull()
    gitlab_server.commit_fields = fields

    assert gitlab.merge(1, method=method).pull_request.merge_commit == gitlab_server.head("team/platform/app")


def test_gitlab_sets_labels_when_opening(gitlab_server, gitlab):
    gitlab.create(NewPullRequest("T", "", "change", "main", ("a", "b c")))

    assert gitlab_server.pulls[1].labels == ["a", "b c"]


def test_gitea_wants_the_mergeable_flag(gitea_server, gitea):
    gitea_server.open_pull(readiness="conflict")

    assert gitea.merge(1, method="") == NotReady("cannot be merged as it stands")


@pytest.mark.parametrize(
    ("reply", "is_not_ready"),
    [
        (Reply(405, {"message": "Please try again later"}), True),
        (Reply(405), True),
        (Reply(405, {"message": "PR is not ready to be merged"}), True),
        (Reply(405, {"message": "User not allowed to merge PR"}), False),
        (Reply(409, {"StdErr": "CONFLICT (content)"}), False),
    ],
)
def test_gitea_refusals(gitea_server, gitea, reply, is_not_ready):
    gitea_server.open_pull()
    gitea_server.on_merge = [reply]

    if is_not_ready:
        assert isinstance(gitea.merge(1, method=""), NotReady)
    else:
        with pytest.raises((Rejected, IntegrationConflict)) as caught:
            gitea.merge(1, method="")
        assert caught.value.permanent


def test_gitea_labels_go_by_number_also_those_of_the_organization(gitea_server, gitea):
    gitea.create(NewPullRequest("T", "", "change", "main", ("bot", "shared")))

    assert gitea_server.pulls[1].labels == ["bot", "shared"]


def test_gitea_label_that_is_missing_opens_nothing(gitea_server, gitea):
    with pytest.raises(Rejected, match="The labels nope do not exist in the repository"):
        gitea.create(NewPullRequest("T", "", "change", "main", ("bot", "nope")))

    assert gitea_server.pulls == {}


def _azure(azure_server, client, waits):
    azure_server.forget()
    encoded = base64.b64encode(f":{TOKEN}".encode()).decode()
    rest = RestClient(client, f"{azure_server.base_url}/collection", (("authorization", f"Basic {encoded}"),))
    return Azure(rest, "shop", "app", web_url=azure_server.repo_url, sleep=waits.append)


@pytest.mark.parametrize(("looks", "expected_waits"), [(1, 0), (4, 3), (10, 9)])
def test_azure_waits_for_the_job_that_merges(azure_server, client, looks, expected_waits):
    waits = []
    azure = _azure(azure_server, client, waits)
    azure_server.looks_until_merged = looks
    azure_server.open_pull()

    assert isinstance(azure.merge(1, method=""), Merged)
    assert waits == [1.0] * expected_waits


def test_azure_pull_request_that_policies_hold_back_is_not_ready(azure_server, client):
    waits = []
    azure = _azure(azure_server, client, waits)
    azure_server.looks_until_merged = None
    azure_server.open_pull()

    assert azure.merge(1, method="") == NotReady("waits for the policies of its target branch")
    assert waits == [1.0] * 9


@pytest.mark.parametrize("status", ["queued", "conflicts", "rejectedByPolicy", "notSet"])
def test_azure_wants_the_merge_status_succeeded(azure_server, client, status):
    azure = _azure(azure_server, client, [])
    azure_server.open_pull(readiness=status)

    assert azure.merge(1, method="") == NotReady(f'has merge status "{status}"')


def test_azure_sets_labels_and_shows_web_pages(azure_server, client):
    azure = _azure(azure_server, client, [])

    opened = azure.create(NewPullRequest("T", "", "change", "main", ("a",)))

    assert azure_server.pulls[1].labels == ["a"]
    assert opened.url == f"{azure_server.repo_url}/pullrequest/1"


def test_azure_sign_in_page_means_a_bad_token(azure_server, client):
    azure = _azure(azure_server, client, [])
    azure_server.faults = [Reply(203, b"<html>Sign In</html>")]

    with pytest.raises(Unauthorized, match="wrong or has expired"):
        azure.get(1)


def test_azure_wants_a_token(client):
    with pytest.raises(Unauthorized, match="Azure DevOps wants a token"):
        open_provider(client, "https://dev.azure.com/org/project/_git/repo", None)


def test_bitbucket_data_center_refuses_a_pull_request_that_was_changed(datacenter_server, client):
    provider = _open(datacenter_server, client, "bitbucket")
    datacenter_server.open_pull()
    datacenter_server.on_merge = [Reply(409, {"errors": [{"message": "The pull request has conflicts."}]})]

    with pytest.raises(Rejected, match="has conflicts"):
        provider.merge(1, method="")


def test_an_ssh_key_is_no_token_and_asks_as_nobody(github_server, client):
    github_server.forget()
    provider = open_provider(client, github_server.repo_url, SshKey("key"), provider="github")

    with pytest.raises(Unauthorized):
        provider.get(1)

    assert github_server.calls[-1].headers["Authorization"] is None
