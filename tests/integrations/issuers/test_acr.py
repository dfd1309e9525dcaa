"""Refresh tokens of Azure Container Registry."""

from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import IntegrationError
from integrations.issuers.acr import Acr

NOW = datetime.now(UTC)
LOGIN = "/tenant-1/oauth2/v2.0/token"


def acr(issuer, **fields):
    return Acr(issuer.url, "tenant-1", "client-1", login_url=issuer.url, **fields)


def answer(issuer):
    issuer.answers[LOGIN] = [(200, [], b'{"access_token": "aad"}')]
    issuer.answers["/oauth2/exchange"] = [(200, [], b'{"refresh_token": "acr-refresh"}')]


def test_a_client_secret_becomes_a_refresh_token(issuer, client):
    answer(issuer)

    issued = acr(issuer, secret="s3cret").issue(client, now=NOW)

    assert issued.value == BasicAuth("00000000-0000-0000-0000-000000000000", "acr-refresh")
    assert issued.expires_at > NOW
    sign_in, exchange = (parse_qs(seen[3].decode()) for seen in issuer.seen)
    assert sign_in["client_secret"] == ["s3cret"]
    assert sign_in["scope"] == ["https://containerregistry.azure.net/.default"]
    assert exchange["access_token"] == ["aad"]
    assert exchange["service"] == [issuer.url.removeprefix("http://")]
    assert exchange["grant_type"] == ["access_token"]


def test_a_workload_identity_proves_itself_by_its_file(issuer, client, tmp_path):
    answer(issuer)
    (tmp_path / "token").write_text("federated")

    acr(issuer, token_file=tmp_path / "token").issue(client, now=NOW)

    sign_in = parse_qs(issuer.seen[0][3].decode())
    assert sign_in["client_assertion"] == ["federated"]
    assert "client_secret" not in sign_in


def test_azures_words_are_shown_and_the_secret_is_not(issuer, client):
    body = b'{"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}'
    issuer.answers[LOGIN] = [(401, [], body)]

    with pytest.raises(IntegrationError) as refusal:
        acr(issuer, secret="s3cret").issue(client, now=NOW)

    assert "AADSTS7000215" in refusal.value.message
    assert "s3cret" not in refusal.value.message


def test_a_refusal_of_the_registry_is_told_from_one_of_the_sign_in(issuer, client):
    answer(issuer)
    issuer.answers["/oauth2/exchange"] = [(401, [], b'{"errors": [{"code": "UNAUTHORIZED", "message": "no role"}]}')]

    with pytest.raises(IntegrationError, match=r"a token of 127\.0\.0\.1.*no role"):
        acr(issuer, secret="x").issue(client, now=NOW)


def test_a_missing_federated_token_is_named(issuer, client, tmp_path):
    with pytest.raises(IntegrationError, match="federated token cannot be read"):
        acr(issuer, token_file=tmp_path / "none").issue(client, now=NOW)
