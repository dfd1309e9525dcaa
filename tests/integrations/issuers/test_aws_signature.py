"""Our signatures against those of AWS's own library."""

from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.endpoint_provider import urlparse

from integrations.issuers.aws_signature import AwsKeys, sign

URL = "https://api.ecr.eu-central-1.amazonaws.com/"


@pytest.mark.parametrize("session", ["", "a-session/with+signs="])
@pytest.mark.parametrize("body", [b"{}", b"", '{"ü": 1}'.encode()])
@pytest.mark.parametrize("url", [URL, "http://127.0.0.1:8080/"])
def test_a_request_is_signed_as_by_the_library_of_aws(session: str, body: bytes, url: str) -> None:
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "Service.Action"}
    keys = AwsKeys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", session)

    ours = sign(
        keys, url=url, headers=headers, body=body, service="ecr", region="eu-central-1", now=datetime.now(UTC)
    )

    request = AWSRequest("POST", url, headers=headers, data=body)
    request.headers["host"] = urlparse(url).netloc
    if session:
        request.headers["x-amz-security-token"] = session
    request.context["timestamp"] = ours["x-amz-date"]
    request.headers["x-amz-date"] = ours["x-amz-date"]
    library = SigV4Auth(
        Credentials(keys.access_key_id, keys.secret_access_key, session or None), "ecr", "eu-central-1"
    )
    signature = library.signature(library.string_to_sign(request, library.canonical_request(request)), request)
    assert ours["authorization"].endswith(f"Signature={signature}")
    assert ours.get("x-amz-security-token", "") == session


def test_keys_show_nothing_when_they_are_printed() -> None:
    assert "s3cret" not in repr(AwsKeys("AKID", "s3cret", "s3cret-session"))
