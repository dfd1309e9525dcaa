"""Which issuer is asked, by the texts of a credential and the host of the repository."""

from pathlib import Path

import pytest

from integrations.issuers.acr import Acr
from integrations.issuers.aws_signature import AwsKeys
from integrations.issuers.ecr import Ecr
from integrations.issuers.gar import Gar
from integrations.issuers.github_app import GitHubApp
from integrations.issuers.registry import Identity, Places, find_ambient_source, find_source

APP = {"githubAppClientID": "Iv1", "githubAppInstallationID": "7", "githubAppPrivateKey": "K"}
AWS = {"awsRegion": "eu-west-1", "awsAccessKeyID": "A", "awsSecretAccessKey": "S"}
GCP = {"gcpServiceAccountKey": "{}"}
AZURE = {"azureTenantID": "t", "azureClientID": "c", "azureClientSecret": "s"}
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app"
GITHUB = "https://github.com/acme/app"


@pytest.mark.parametrize(
    ("kind", "url", "texts", "made"),
    [
        ("git", GITHUB, APP, GitHubApp),
        ("git", "git@github.com:acme/app.git", APP, None),
        ("git", GITHUB, {**APP, "githubAppClientID": "", "githubAppID": "12"}, GitHubApp),
        ("git", GITHUB, {**APP, "githubAppClientID": ""}, None),
        ("git", GITHUB, {**APP, "githubAppPrivateKey": ""}, None),
        ("image", GITHUB, APP, None),
        ("image", ECR, AWS, Ecr),
        ("helm", f"oci://{ECR}", AWS, Ecr),
        ("image", f"{ECR.replace('com', 'com.cn')}", AWS, Ecr),
        ("git", f"https://{ECR}", AWS, None),
        ("image", f"evil.example/{ECR}", AWS, None),
        ("image", ECR.replace("123456789012", "1"), AWS, None),
        ("image", ECR, {**AWS, "awsRegion": ""}, None),
        ("image", "europe-docker.pkg.dev/acme/app", GCP, Gar),
        ("image", "eu.gcr.io/acme/app", GCP, Gar),
        ("image", "gcr.io.evil.example/app", GCP, None),
        ("image", "acme.azurecr.io/app", AZURE, Acr),
        ("image", "acme.azurecr.io.evil.example/app", AZURE, None),
    ],
)
def test_texts_and_host_decide(kind, url, texts, made):
    found = find_source(kind, url, texts, Places())

    assert (found if made is None else type(found)) is made


def test_a_client_id_comes_before_an_app_id():
    found = find_source("git", GITHUB, {**APP, "githubAppID": "12"}, Places())

    assert isinstance(found, GitHubApp)
    assert found.app == "Iv1"


def test_the_site_itself_is_nobody_unless_it_is_told():
    assert find_ambient_source("image", ECR, Identity(), Places()) is None


@pytest.mark.parametrize(
    ("kind", "url", "made"),
    [
        ("image", ECR, Ecr),
        ("helm", "oci://eu.gcr.io/acme/chart", Gar),
        ("image", "acme.azurecr.io/app", Acr),
        ("git", f"https://{ECR}", None),
        ("image", "ghcr.io/acme/app", None),
    ],
)
def test_the_site_itself_is_somebody_at_its_clouds(kind, url, made):
    me = Identity(
        aws=AwsKeys("A", "S"), azure_tenant="t", azure_client="c", azure_token_file=Path("f"), google_key="k"
    )

    found = find_ambient_source(kind, url, me, Places())

    assert (found if made is None else type(found)) is made


def test_the_region_of_the_site_itself_is_that_of_the_registry():
    found = find_ambient_source("image", ECR, Identity(aws=AwsKeys("A", "S")), Places())

    assert isinstance(found, Ecr)
    assert found.region == "eu-west-1"
