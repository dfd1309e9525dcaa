"""The doctor asks Argo CD whether the token is good, when there is a connection."""

import pytest
from django.utils import timezone

from kargoweb.doctor import State, examine
from tests.servers.argocd import TOKEN, ArgoCDServer

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server():
    server = ArgoCDServer()
    yield server
    server.close()


def find_argocd():
    return next(f for f in examine(now=timezone.now()) if f.name == "argocd")


def test_nobody_has_to_have_an_argo_cd():
    assert find_argocd().state == State.OK
    assert "KARGOWEB_ARGOCD_URL is not set" in find_argocd().evidence


def test_says_as_whom_it_is_connected(server, settings):
    settings.ARGOCD_URL, settings.ARGOCD_TOKEN = server.url, TOKEN

    assert (find_argocd().state, find_argocd().evidence) == (State.OK, f'{server.url} as "kargoweb"')


@pytest.mark.parametrize(
    ("url", "token", "evidence", "remedy"),
    [
        (None, "", "there is no token", "Set KARGOWEB_ARGOCD_TOKEN"),
        (None, "an-old-token", "does not accept the token", "Correct KARGOWEB_ARGOCD_URL or KARGOWEB_ARGOCD_TOKEN"),
        ("http://127.0.0.1:1", TOKEN, "127.0.0.1:1", "Correct KARGOWEB_ARGOCD_URL"),
        ("argocd.example.com", TOKEN, "must begin with http", "Correct KARGOWEB_ARGOCD_URL"),
    ],
    ids=["no-token", "bad-token", "nothing-there", "no-url"],
)
def test_names_what_is_wrong_and_the_remedy(server, settings, url, token, evidence, remedy):
    settings.ARGOCD_URL, settings.ARGOCD_TOKEN = url or server.url, token

    seen = find_argocd()

    assert seen.state == State.FAILED
    assert evidence in seen.evidence
    assert remedy in seen.remedy
    assert not token or token not in seen.evidence
