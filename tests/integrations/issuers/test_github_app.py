"""Installation tokens of a GitHub App."""

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from integrations.credentials import BasicAuth
from integrations.errors import IntegrationError, NotFound, Unauthorized, Unreachable
from integrations.issuers.github_app import GitHubApp

NOW = datetime.now(UTC).replace(microsecond=0)
PATH = "/api/v3/app/installations/77/access_tokens"


def app_for(issuer, pem, **fields):
    return GitHubApp(
        **{"app": "Iv1.abc", "installation": "77", "private_key": pem, **fields},
        repo_url=f"{issuer.url}/acme/Site.git",
    )


def answer(issuer, status=201, **body):
    issuer.answers[PATH] = [(status, [("Content-Type", "application/json")], json.dumps(body).encode())]


def test_a_token_is_asked_for_with_a_signed_claim_and_for_one_repository_only(issuer, client, pem, rsa_key):
    answer(issuer, token="ghs_abc", expires_at=(NOW + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"))

    issued = app_for(issuer, pem).issue(client, now=NOW)

    assert issued.value == BasicAuth("kargo", "ghs_abc")
    assert issued.expires_at == NOW + timedelta(hours=1)
    ((method, path, headers, body),) = issuer.seen
    assert (method, path) == ("POST", PATH)
    assert json.loads(body) == {"repositories": ["Site"]}
    claims = jwt.decode(headers["Authorization"].removeprefix("Bearer "), rsa_key.public_key(), ["RS256"])
    assert claims["iss"] == "Iv1.abc"
    assert claims["exp"] - claims["iat"] <= 600


def test_a_key_may_be_base64_of_its_pem_text(issuer, client, pem):
    answer(issuer, token="ghs_abc")

    issued = app_for(issuer, base64.b64encode(pem.encode()).decode()).issue(client, now=NOW)

    assert issued.value.password == "ghs_abc"
    assert issued.expires_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("status", "said", "error", "words"),
    [
        (401, "A JSON web token could not be decoded", Unauthorized, "private key"),
        (403, "This installation has been suspended", Unauthorized, "suspended"),
        (404, "Not Found", NotFound, "installation id"),
        (
            422,
            "There is at least one repository that does not exist",
            IntegrationError,
            "have access to this repository",
        ),
        (503, "", Unreachable, "503"),
    ],
)
def test_refusals_say_what_helps(issuer, client, pem, status, said, error, words):
    answer(issuer, status, message=said)

    with pytest.raises(error) as refusal:
        app_for(issuer, pem).issue(client, now=NOW)

    assert words in refusal.value.message
    assert said in refusal.value.message
    assert refusal.value.permanent == (status != 503)
    assert "PRIVATE KEY" not in refusal.value.message


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"token": 1}', b"{}"])
def test_what_is_no_token_is_refused(issuer, client, pem, body):
    issuer.answers[PATH] = [(201, [], body)]

    with pytest.raises(IntegrationError, match="a token of the GitHub App"):
        app_for(issuer, pem).issue(client, now=NOW)


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"private_key": "no key"}, "not a PEM key"), ({"installation": "7/../8"}, "is a number")],
)
def test_what_cannot_work_is_said_before_anybody_is_asked(issuer, client, pem, fields, words):
    with pytest.raises(IntegrationError, match=words):
        app_for(issuer, pem, **fields).issue(client, now=NOW)

    assert issuer.seen == []


def test_its_key_differs_by_repository_and_holds_no_secret(issuer, pem):
    one, other = app_for(issuer, pem), GitHubApp("Iv1.abc", "77", pem, f"{issuer.url}/acme/other")

    assert one.key != other.key
    assert "PRIVATE" not in one.key + repr(one)
