"""Passwords of Amazon ECR."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import IntegrationError, RateLimited, Unauthorized
from integrations.issuers.aws_signature import AwsKeys
from integrations.issuers.ecr import Ecr, WebIdentity

NOW = datetime.now(UTC).replace(microsecond=0)
KEYS = AwsKeys("AKID", "s3cret")
STS = b"""<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
<AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>lent</SecretAccessKey><SessionToken>sess</SessionToken>
</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""


def token(text="AWS:pa:ss"):
    data = {"authorizationToken": base64.b64encode(text.encode()).decode(), "expiresAt": NOW.timestamp() + 43200}
    return json.dumps({"authorizationData": [data]}).encode()


def test_access_keys_become_a_user_and_a_password(issuer, client):
    issuer.answers["/"] = [(200, [], token())]

    issued = Ecr("eu-central-1", KEYS, url=f"{issuer.url}/").issue(client, now=NOW)

    assert issued.value == BasicAuth("AWS", "pa:ss")
    assert issued.expires_at == NOW + timedelta(hours=12)
    ((_, _, headers, body),) = issuer.seen
    assert headers["X-Amz-Target"] == "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
    assert "Credential=AKID/" in headers["Authorization"]
    assert "/eu-central-1/ecr/aws4_request" in headers["Authorization"]
    assert body == b"{}"


def test_a_web_identity_takes_its_role_first(issuer, client, tmp_path):
    file = tmp_path / "token"
    file.write_text("jwt-of-the-pod\n")
    issuer.answers["/sts"] = [(200, [], STS)]
    issuer.answers["/"] = [(200, [], token())]
    identity = WebIdentity("arn:aws:iam::1:role/kargo", file, f"{issuer.url}/sts")

    issued = Ecr("eu-central-1", identity, url=f"{issuer.url}/").issue(client, now=NOW)

    assert issued.value.password == "pa:ss"
    role, asked = issuer.seen
    assert b"WebIdentityToken=jwt-of-the-pod" in role[3]
    assert b"RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fkargo" in role[3]
    assert asked[2]["X-Amz-Security-Token"] == "sess"
    assert "Credential=ASIA1/" in asked[2]["Authorization"]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("UnrecognizedClientException", Unauthorized),
        ("com.amazon.coral#InvalidSignatureException", Unauthorized),
        ("AccessDeniedException", Unauthorized),
        ("ThrottlingException", RateLimited),
        ("ServerSaysNothing", IntegrationError),
    ],
)
def test_the_name_of_an_error_decides_what_it_is(issuer, client, kind, error):
    issuer.answers["/"] = [(400, [], json.dumps({"__type": kind, "message": "No."}).encode())]

    with pytest.raises(error) as refusal:
        Ecr("eu-central-1", KEYS, url=f"{issuer.url}/").issue(client, now=NOW)

    assert type(refusal.value) is error or error is IntegrationError
    assert "s3cret" not in refusal.value.message


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"authorizationData": []}', token("no colon"), token("AWS:")],
    ids=["nothing", "empty", "no data", "no colon", "no password"],
)
def test_what_is_no_password_is_refused(issuer, client, body):
    issuer.answers["/"] = [(200, [], body)]

    with pytest.raises(IntegrationError):
        Ecr("eu-central-1", KEYS, url=f"{issuer.url}/").issue(client, now=NOW)


@pytest.mark.parametrize("region", ["", "eu-central-1.evil.example/x", "a b", "EU"])
def test_a_region_cannot_lead_elsewhere(issuer, client, region):
    with pytest.raises(IntegrationError, match="no region"):
        Ecr(region, KEYS).issue(client, now=NOW)


def test_a_missing_file_of_the_web_identity_is_named(client, tmp_path):
    with pytest.raises(IntegrationError, match="cannot be read from"):
        Ecr("eu-central-1", WebIdentity("arn", tmp_path / "none")).issue(client, now=NOW)
