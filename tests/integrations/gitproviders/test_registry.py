"""From the URL of a repository to the API that knows its pull requests."""

import base64

import pytest

from integrations.credentials import Token
from integrations.errors import IntegrationError
from integrations.gitproviders.addresses import read_address
from integrations.gitproviders.bitbucket_cloud import login_headers
from integrations.gitproviders.github import api_url
from integrations.gitproviders.registry import open_provider


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://github.com/acme/app.git", "https://api.github.com"),
        ("git@github.com:acme/app.git", "https://api.github.com"),
        ("https://octo.ghe.com/acme/app", "https://api.octo.ghe.com"),
        ("https://github.corp:8443/acme/app", "https://github.corp:8443/api/v3"),
        ("ssh://git@github.corp:2222/acme/app", "https://github.corp/api/v3"),
    ],
)
def test_github_api_is_beside_the_repository(url, expected):
    assert api_url(read_address(url)) == expected


@pytest.mark.parametrize(
    ("url", "name", "base", "path"),
    [
        ("https://gitlab.com/a/b/c.git", "", "https://gitlab.com/api/v4", "projects/a%2Fb%2Fc/merge_requests"),
        ("https://gitea.corp/Acme/App", "", "https://gitea.corp/api/v1", "repos/Acme/App"),
        ("https://git.corp/gitea/acme/app", "gitea", "https://git.corp/gitea/api/v1", "repos/acme/app"),
        ("https://bitbucket.org/acme/app", "", "https://api.bitbucket.org/2.0", "repositories/acme/app"),
        (
            *("https://git.corp/scm/KEY/app.git", "bitbucket", "https://git.corp/rest/api/latest"),
            "projects/KEY/repos/app/pull-requests",
        ),
        (
            *("https://git.corp/bb/projects/KEY/repos/app", "bitbucket", "https://git.corp/bb/rest/api/latest"),
            "projects/KEY/repos/app/pull-requests",
        ),
        (
            *("https://git.corp/users/ann/repos/app", "bitbucket", "https://git.corp/rest/api/latest"),
            "projects/~ann/repos/app/pull-requests",
        ),
        (
            *("ssh://git@git.corp:7999/key/app.git", "bitbucket", "https://git.corp/rest/api/latest"),
            "projects/key/repos/app/pull-requests",
        ),
        (
            *("https://dev.azure.com/org/my%20shop/_git/app", "", "https://dev.azure.com/org"),
            "my%20shop/_apis/git/repositories/app/pullrequests",
        ),
        (
            *("https://org.visualstudio.com/DefaultCollection/_git/app", "", "https://dev.azure.com/org"),
            "app/_apis/git/repositories/app/pullrequests",
        ),
        (
            *("git@ssh.dev.azure.com:v3/org/shop/app", "", "https://dev.azure.com/org"),
            "shop/_apis/git/repositories/app/pullrequests",
        ),
    ],
)
def test_finds_the_api_of_a_repository(client, url, name, base, path):
    provider = open_provider(client, url, Token("t"), provider=name)

    assert (provider._rest.base_url, provider._path) == (base, path)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/acme", ""),
        ("https://github.com/acme/app/extra", ""),
        ("https://gitlab.com/app", ""),
        ("https://bitbucket.org/acme", ""),
        ("https://git.corp/acme/app", "bitbucket"),
        ("https://dev.azure.com/org/shop/app", ""),
        ("file:///srv/app.git", "github"),
    ],
)
def test_an_address_that_is_no_repository_is_refused(client, url, name):
    with pytest.raises(IntegrationError) as caught:
        open_provider(client, url, Token("t"), provider=name)

    assert caught.value.permanent
    assert "https://" in str(caught.value)


def test_a_host_that_tells_no_provider_wants_one(client):
    with pytest.raises(IntegrationError, match=r'"https://git\.corp/acme/app" is at cannot be told') as caught:
        open_provider(client, "https://ann:s3cret@git.corp/acme/app", None)

    assert caught.value.permanent


def test_bitbucket_cloud_takes_api_tokens_of_people_with_their_address():
    basic = base64.b64encode(b"ann@example.com:t").decode()

    assert login_headers("ann@example.com", "t") == (("authorization", f"Basic {basic}"),)
    assert login_headers("x-token-auth", "t") == (("authorization", "Bearer t"),)
    assert login_headers("ann@example.com", "") == ()
