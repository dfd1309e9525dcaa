"""Who the site is at the clouds: nobody, unless the operator says so."""

from pathlib import Path

import pytest

from integrations.issuers.aws_signature import AwsKeys
from integrations.issuers.ecr import WebIdentity
from integrations.issuers.registry import Identity
from kargoweb.cloud_identity import read_identity, read_places
from kargoweb.env import BadSetting

AWS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s3cret"}
ROLE = {"AWS_ROLE_ARN": "arn:aws:iam::1:role/kargo", "AWS_WEB_IDENTITY_TOKEN_FILE": "/run/token"}


@pytest.fixture
def environment(monkeypatch):
    for name in (*AWS, *ROLE, "AWS_SESSION_TOKEN", "AZURE_FEDERATED_TOKEN_FILE", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("KARGOWEB_REGISTRY_IDENTITY", raising=False)

    def put(**values):
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return put


def test_keys_for_other_things_open_no_registry(environment):
    environment(**AWS, AZURE_FEDERATED_TOKEN_FILE="/f", GOOGLE_APPLICATION_CREDENTIALS="/g")

    assert (read_identity().aws, read_identity().azure_token_file, read_identity().google_key) == (None, None, "")


def test_static_keys_come_before_a_role(environment):
    environment(KARGOWEB_REGISTRY_IDENTITY="aws", **ROLE)
    assert read_identity().aws == WebIdentity("arn:aws:iam::1:role/kargo", Path("/run/token"))

    environment(**AWS)
    assert read_identity().aws == AwsKeys("AKID", "s3cret")


def test_a_cloud_without_anything_to_show_is_nobody(environment):
    environment(KARGOWEB_REGISTRY_IDENTITY="aws, azure,google")

    assert read_identity().aws is None
    assert read_identity().azure_token_file is None


def test_the_key_of_a_service_account_is_read_from_its_file(environment, tmp_path):
    (tmp_path / "key.json").write_text("{}")
    environment(KARGOWEB_REGISTRY_IDENTITY="google", GOOGLE_APPLICATION_CREDENTIALS=str(tmp_path / "key.json"))
    assert read_identity().google_key == "{}"

    environment(GOOGLE_APPLICATION_CREDENTIALS=str(tmp_path / "none"))
    with pytest.raises(BadSetting, match="GOOGLE_APPLICATION_CREDENTIALS"):
        read_identity()


def test_an_unknown_cloud_stops_the_start(environment):
    environment(KARGOWEB_REGISTRY_IDENTITY="aws,gcp")

    with pytest.raises(BadSetting, match="aws, azure, google"):
        read_identity()


def test_places_are_the_public_ones_unless_named(environment, monkeypatch):
    monkeypatch.delenv("AZURE_AUTHORITY_HOST", raising=False)
    assert read_places().azure_login == "https://login.microsoftonline.com"

    environment(AWS_ENDPOINT_URL_ECR="https://vpce.example/")
    assert read_places().ecr == "https://vpce.example/"


def test_an_identity_shows_no_secret():
    assert "s3cret" not in repr(Identity(aws=AwsKeys("AKID", "s3cret"), google_key="s3cret"))
