"""Access tokens of Google for a service account."""

import base64
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import jwt
import pytest

from integrations.credentials import BasicAuth
from integrations.errors import IntegrationError, Unauthorized
from integrations.issuers.gar import Gar

NOW = datetime.now(UTC).replace(microsecond=0)


def account(issuer, pem, **fields):
    return json.dumps(
        {
            "type": "service_account",
            "client_email": "kargo@acme.iam.gserviceaccount.com",
            "private_key": pem,
            "private_key_id": "k1",
            "token_uri": f"{issuer.url}/token",
            **fields,
        }
    )


@pytest.mark.parametrize("wrap", [str, lambda text: base64.b64encode(text.encode()).decode()], ids=["json", "base64"])
def test_a_key_becomes_an_access_token(issuer, client, pem, rsa_key, wrap):
    issuer.answers["/token"] = [(200, [], b'{"access_token": "ya29.x", "expires_in": 3599}')]

    issued = Gar(wrap(account(issuer, pem))).issue(client, now=NOW)

    assert issued.value == BasicAuth("oauth2accesstoken", "ya29.x")
    assert issued.expires_at == NOW + timedelta(seconds=3599)
    form = parse_qs(issuer.seen[0][3].decode())
    assertion = form["assertion"][0]
    claims = jwt.decode(assertion, rsa_key.public_key(), ["RS256"], audience=f"{issuer.url}/token")
    assert claims["iss"] == "kargo@acme.iam.gserviceaccount.com"
    assert claims["scope"] == "https://www.googleapis.com/auth/devstorage.read_only"
    assert jwt.get_unverified_header(assertion)["kid"] == "k1"


def test_a_refusal_has_googles_words(issuer, client, pem):
    body = b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}'
    issuer.answers["/token"] = [(401, [], body)]

    with pytest.raises(Unauthorized, match="Invalid JWT Signature"):
        Gar(account(issuer, pem)).issue(client, now=NOW)


@pytest.mark.parametrize("text", ["", "{", "not json", "[]", '{"client_email": "x"}', "e30="])
def test_what_is_no_key_is_refused(client, text):
    with pytest.raises(IntegrationError, match="is not the JSON that Google gives out"):
        Gar(text).issue(client, now=NOW)


def test_a_token_server_without_tls_gets_nothing(issuer, client, pem):
    with pytest.raises(IntegrationError, match="without TLS"):
        Gar(account(issuer, pem, token_uri="http://oauth.example/token")).issue(client, now=NOW)


def test_a_broken_private_key_is_named(issuer, client):
    with pytest.raises(IntegrationError, match="not a PEM key"):
        Gar(account(issuer, "nonsense")).issue(client, now=NOW)
