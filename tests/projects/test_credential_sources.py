"""Credentials that are issued: the whole way from what is stored to what opens a repository."""

import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.utils import timezone

from integrations.credentials import BasicAuth
from integrations.errors import Unauthorized
from integrations.issuers.acr import LOGIN_URL
from integrations.issuers.aws_signature import AwsKeys
from integrations.issuers.registry import Identity, Places
from projects.actors import OPERATOR
from projects.credential_sources import TOKEN_SCOPES
from projects.credentials import explain_refusal, find_credential, find_secret, list_secret_texts, set_credential
from projects.errors import DomainError
from projects.models import Credential
from tests.factories import make_project
from tests.servers.http_recorder import HttpRecorder

pytestmark = pytest.mark.django_db

PATH = "/api/v3/app/installations/77/access_tokens"
DETAILS = {"githubAppClientID": "Iv1.abc", "githubAppInstallationID": "77"}
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app"


@pytest.fixture(scope="module")
def pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def github(settings):
    settings.ALLOW_CREDENTIALS_OVER_HTTP = True
    server = HttpRecorder()
    expires = (timezone.now() + timedelta(hours=1)).isoformat()
    body = json.dumps({"token": "ghs_token", "expires_at": expires}).encode()
    server.answers[PATH] = [(201, [], body)]
    yield server
    server.close()


def put_app(project, url, pem, **fields):
    values = {"kind": "git", "details": DETAILS, "secrets": {"githubAppPrivateKey": pem}, **fields}
    return set_credential(OPERATOR, project=project, name="app", repo_url=url, now=timezone.now(), **values)


def test_a_github_app_opens_a_repository_and_is_asked_once(github, pem):
    project = make_project()
    put_app(project, f"{github.url}/acme/.*", pem, repo_url_is_regex=True)
    url = f"{github.url}/acme/site.git"

    found = [find_credential(project, "git", url) for _ in range(3)]

    assert found == [BasicAuth("kargo", "ghs_token")] * 3
    assert [json.loads(body)["repositories"] for *_, body in github.seen] == [["site"]]
    find_credential(project, "git", f"{github.url}/acme/other")
    assert json.loads(github.seen[-1][3]) == {"repositories": ["other"]}


@pytest.mark.parametrize(
    ("scopes", "is_let_in"),
    [
        ('{"shop": ["site"]}', True),
        ('{"shop": ["other"]}', False),
        ('{"bank": ["site"]}', False),
        ('{"shop": "site"}', False),
        ("{}", False),
        ("not json", False),
        ("[]", False),
        ("", True),
    ],
)
def test_an_annotation_narrows_a_shared_app_to_projects_and_repositories(github, pem, scopes, is_let_in):
    put_app(None, f"{github.url}/acme/site", pem, annotations={TOKEN_SCOPES: scopes})

    found = find_credential(make_project("shop"), "git", f"{github.url}/acme/site")

    assert (found is not None) is is_let_in
    assert bool(github.seen) is is_let_in


def test_the_first_credential_decides_even_if_there_is_nothing_usable_in_it(github, pem):
    project = make_project()
    put_app(project, f"{github.url}/acme/site", pem, annotations={TOKEN_SCOPES: "{}"})
    put_app(None, f"{github.url}/acme/site", "", details={}, secrets={"password": "shared"}, username="bot")

    assert find_credential(project, "git", f"{github.url}/acme/site") is None


def test_a_refusal_of_the_issuer_is_told(github, pem):
    project = make_project()
    put_app(project, f"{github.url}/acme/site", pem)
    github.answers[PATH] = [(401, [], b'{"message": "Bad credentials"}')]

    with pytest.raises(Unauthorized, match="Bad credentials"):
        find_credential(project, "git", f"{github.url}/acme/site")


def test_ids_are_shown_and_read_by_expressions_and_only_the_key_is_masked(github, pem):
    project = make_project()
    put_app(project, f"{github.url}/acme/site", pem)

    texts = find_secret(project, "app")

    assert texts["githubAppInstallationID"] == "77"
    assert texts["githubAppPrivateKey"] == pem
    assert texts["repoURL"] == f"{github.url}/acme/site"
    assert list_secret_texts(project) == [pem]


@pytest.mark.parametrize(
    ("kind", "details", "secrets", "words"),
    [
        ("git", {"githubAppClientID": "x"}, {"githubAppPrivateKey": "K"}, "githubAppInstallationID"),
        ("git", {"githubAppInstallationID": "7"}, {"githubAppPrivateKey": "K"}, "or githubAppID"),
        ("git", DETAILS, {"password": "x"}, "githubAppPrivateKey"),
        ("image", {"awsRegion": "eu-west-1"}, {"awsSecretAccessKey": "K"}, "awsAccessKeyID"),
        ("image", DETAILS, {"password": "x"}, "is not used by credentials of kind image"),
        ("git", {}, {"awsSecretAccessKey": "K"}, "is not used by credentials of kind git"),
    ],
)
def test_half_of_what_an_issuer_needs_is_refused(kind, details, secrets, words):
    project = make_project()

    with pytest.raises(DomainError, match=words):
        put_app(project, "https://x.example/a/b", "", kind=kind, details=details, secrets=secrets)

    assert not Credential.objects.exists()


def test_the_site_itself_opens_a_registry_only_if_the_operator_says_so(settings):
    server = HttpRecorder()
    server.answers["/"] = [(200, [], b'{"authorizationData": [{"authorizationToken": "QVdTOnBhc3M="}]}')]
    project = make_project()
    settings.ISSUER_PLACES = Places(ecr=f"{server.url}/", azure_login=LOGIN_URL)

    assert find_credential(project, "image", ECR) is None

    settings.REGISTRY_IDENTITY = Identity(aws=AwsKeys("AKID", "secret"))
    assert find_credential(project, "image", ECR) == BasicAuth("AWS", "pass")
    assert find_credential(project, "image", "ghcr.io/acme/app") is None
    server.close()


def test_use_is_noted_but_not_each_time():
    project = make_project()
    url = "https://git.example.com/app"
    put_app(project, url, "", details={}, secrets={"password": "x"})

    find_credential(project, "git", "https://git.example.com/other")
    assert Credential.objects.get().last_used_at is None
    find_credential(project, "git", url)
    first = Credential.objects.get().last_used_at
    find_credential(project, "git", url)

    assert first is not None
    assert Credential.objects.get().last_used_at == first


def test_a_refusal_names_the_credential_that_expired():
    project, today = make_project(), timezone.now().date()
    url = "https://git.example.com/app"
    row = put_app(project, url, "", details={}, secrets={"password": "x"}, expires_on=today)

    assert explain_refusal(project, "git", url, today=today) == ""
    said = explain_refusal(project, "git", url, today=today + timedelta(days=1))
    assert said == f'The credential "app" expired on {row.expires_on}; an owner can set it again.'


@pytest.mark.parametrize(
    ("pattern", "url", "is_matched"),
    [
        ("github[.]com/acme/.*", "https://github.com/acme/site", True),
        ("^https://github[.]com/acme/", "https://github.com/acme/site.git", True),
        ("acme", "https://github.com/acme/site", False),
        ("github[.]com/acme/", "https://evil.example/github.com/acme/site", False),
        ("github[.]com/acme/", "https://github.com@evil.example/acme/site", False),
        ("github[.]com", "https://x@github.com.evil.example/", False),
        ("https://github[.]com", "https://github.com.evil.example/acme/site", False),
        ("https://github[.]com", "https://github.com/acme/site", True),
        ("https://.*[.]example[.]com/", "https://git.example.com/acme/site", True),
    ],
)
def test_an_expression_may_begin_at_the_host_and_nowhere_later(pattern, url, is_matched):
    project = make_project()
    put_app(project, pattern, "", repo_url_is_regex=True, details={}, secrets={"password": "x"})

    assert (find_credential(project, "git", url) is not None) is is_matched
