import pytest

from integrations.gitproviders.inference import commit_url, infer_provider


@pytest.mark.parametrize(
    ("url", "provider", "expected"),
    [
        ("https://github.com/Org/Repo.git", "github", "https://github.com/Org/Repo/commit/abc"),
        ("https://acme.ghe.com/o/r", "github", "https://acme.ghe.com/o/r/commit/abc"),
        ("https://github.acme.io:8443/o/r/", "github", "https://github.acme.io:8443/o/r/commit/abc"),
        ("git@gitlab.acme.io:o/sub/r.git", "gitlab", "https://gitlab.acme.io/o/sub/r/-/commit/abc"),
        ("ssh://git@gitea.acme.io:2222/o/r", "gitea", "https://gitea.acme.io/o/r/commit/abc"),
        ("https://bitbucket.org/o/r", "bitbucket", "https://bitbucket.org/o/r/commits/abc"),
        ("https://me@dev.azure.com/o/p/_git/r", "azure", "https://dev.azure.com/o/p/_git/r/commit/abc"),
        ("git@ssh.dev.azure.com:v3/o/p/r", "azure", "https://dev.azure.com/o/p/_git/r/commit/abc"),
        ("https://o.visualstudio.com/p/_git/r", "azure", "https://dev.azure.com/o/p/_git/r/commit/abc"),
        ("https://git.acme.io/github/r", None, ""),
        ("/srv/github/r.git", None, ""),
    ],
)
def test_the_host_tells_the_provider_and_the_page_of_a_commit(url, provider, expected):
    assert infer_provider(url) == provider
    assert commit_url(provider, url, "abc") == expected


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("gitlab", "https://git.acme.io/o/r/-/commit/abc"),
        ("gitea", "https://git.acme.io/o/r/commit/abc"),
        ("bitbucket", "https://git.acme.io/o/r/commits/abc"),
        ("sourceforge", ""),
        ("", ""),
    ],
)
def test_a_provider_that_is_named_needs_no_known_host(provider, expected):
    assert commit_url(provider, "https://git.acme.io/o/r", "abc") == expected


def test_a_repository_on_no_host_has_no_pages():
    assert commit_url("github", "/srv/r.git", "abc") == ""
