"""Credentials of discovery: what a refusal says of an expired one, and tokens that are issued."""

import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.utils import timezone

from projects.actors import OPERATOR
from projects.credentials import set_credential
from projects.models import Credential
from tests.factories import make_project, make_warehouse
from tests.servers.http_recorder import HttpRecorder

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def plain_http(settings):
    settings.ALLOW_CREDENTIALS_OVER_HTTP = True


def test_a_refusal_names_the_credential_that_expired(git, check):
    git.create("app", {"readme": "hello"})
    git.accounts["app"] = ("bot", "right")
    project, yesterday = make_project(), timezone.now().date() - timedelta(days=1)
    set_credential(
        OPERATOR,
        project=project,
        name="robot",
        kind="git",
        repo_url=git.url("app"),
        username="bot",
        secrets={"password": "worn-out"},
        expires_on=yesterday,
        now=timezone.now(),
    )

    warehouse = check(make_warehouse(project, subscriptions=[{"git": {"repoURL": git.url("app")}}]))

    assert f'The credential "robot" expired on {yesterday}; an owner can set it again.' in warehouse.message
    assert "worn-out" not in warehouse.message
    assert Credential.objects.get().last_used_at is not None


def test_an_app_that_is_refused_is_the_failure_of_the_warehouse(check):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    host = HttpRecorder()
    host.answers["/api/v3/app/installations/7/access_tokens"] = [(401, [], json.dumps({"message": "No."}).encode())]
    project, url = make_project(), f"{host.url}/acme/app"
    set_credential(
        OPERATOR,
        project=project,
        name="app",
        kind="git",
        repo_url=url,
        details={"githubAppID": "1", "githubAppInstallationID": "7"},
        secrets={"githubAppPrivateKey": pem},
        now=timezone.now(),
    )

    warehouse = check(make_warehouse(project, subscriptions=[{"git": {"repoURL": url}}]))
    host.close()

    assert warehouse.phase == "Failed"
    assert "get a token of the GitHub App" in warehouse.message
    assert "private key" in warehouse.message
