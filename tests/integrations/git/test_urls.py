"""Addresses of repositories."""

import pytest

from integrations.errors import IntegrationError
from integrations.git.urls import connection_url, mirror_key, normalize_git_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://GitHub.com/Org/Repo.git", "https://github.com/org/repo"),
        ("https://user:pw@github.com/org/repo/", "https://github.com/org/repo"),
        ("https://github.com/org/repo.git/", "https://github.com/org/repo"),
        ("https://github.com/org/repo//", "https://github.com/org/repo/"),
        (" https://github.com/org/\u200brepo ", "https://github.com/org/repo"),
        ("http://host:8080/r.git", "http://host:8080/r"),
        ("https://host/R?x=Y", "https://host/R?x=Y"),
        ("ssh://git@Host/Org/r.git", "ssh://git@host/org/r"),
        ("git@GitHub.com:Org/repo.git", "ssh://git@github.com/org/repo"),
        ("something Else", "something Else"),
    ],
)
def test_spellings_of_one_repository_normalize_to_one(url, expected):
    assert normalize_git_url(url) == expected


def test_a_mirror_is_shared_by_spelling_but_not_by_case_of_the_path():
    assert mirror_key("https://u@Host/Org/r.git/") == mirror_key("https://host/Org/r") == "https://host/Org/r"
    assert mirror_key("https://host/org/r") != mirror_key("https://host/Org/r")
    assert mirror_key("git@Host:Org/r.git") == mirror_key("ssh://git@host/Org/r")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://me@host/Org/r.git", "https://host/Org/r.git"),
        ("ssh://git@host:22/r", "ssh://git@host:22/r"),
        ("git@host:r", "git@host:r"),
    ],
)
def test_git_connects_without_the_user_name_for_http(url, expected):
    assert connection_url(url, allow_local=False) == expected


def test_a_password_in_a_url_is_refused_and_not_repeated():
    with pytest.raises(IntegrationError, match="holds a password") as caught:
        connection_url("https://me:hunter2@host/r", allow_local=False)

    assert "hunter2" not in str(caught.value)


def test_local_paths_need_permission():
    assert connection_url("/srv/r.git", allow_local=True) == "/srv/r.git"
