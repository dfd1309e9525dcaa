"""Who the site itself is at the clouds, from the variables that their own tools read.

Nothing of it is used unless the operator says so: it opens registries to every project.
"""

from pathlib import Path

from integrations.issuers.acr import LOGIN_URL
from integrations.issuers.aws_signature import AwsKeys
from integrations.issuers.ecr import WebIdentity
from integrations.issuers.registry import Identity, Places
from kargoweb.env import BadSetting, env_list, env_text

_CLOUDS = frozenset({"aws", "azure", "google"})
_SETTING = "KARGOWEB_REGISTRY_IDENTITY"


def read_places() -> Places:
    """Where issuers are, if not at their usual places."""
    return Places(
        ecr=env_text("AWS_ENDPOINT_URL_ECR"),
        azure_login=env_text("AZURE_AUTHORITY_HOST", LOGIN_URL),
    )


def read_identity() -> Identity:
    """The identities of the clouds that KARGOWEB_REGISTRY_IDENTITY names; nobody without it."""
    clouds = env_list(_SETTING)
    if unknown := sorted(set(clouds) - _CLOUDS):
        raise BadSetting(_SETTING, unknown[0], "some of aws, azure, google, with commas between them")
    azure_file = env_text("AZURE_FEDERATED_TOKEN_FILE") if "azure" in clouds else ""
    return Identity(
        aws=_read_aws() if "aws" in clouds else None,
        azure_tenant=env_text("AZURE_TENANT_ID"),
        azure_client=env_text("AZURE_CLIENT_ID"),
        azure_token_file=Path(azure_file) if azure_file else None,
        google_key=_read_google() if "google" in clouds else "",
    )


def _read_aws() -> AwsKeys | WebIdentity | None:
    if key := env_text("AWS_ACCESS_KEY_ID"):
        return AwsKeys(key, env_text("AWS_SECRET_ACCESS_KEY"), env_text("AWS_SESSION_TOKEN"))
    role, file = env_text("AWS_ROLE_ARN"), env_text("AWS_WEB_IDENTITY_TOKEN_FILE")
    return WebIdentity(role, Path(file), env_text("AWS_ENDPOINT_URL_STS")) if role and file else None


def _read_google() -> str:
    path = env_text("GOOGLE_APPLICATION_CREDENTIALS")
    try:
        return Path(path).read_text() if path else ""
    except OSError as error:
        raise BadSetting("GOOGLE_APPLICATION_CREDENTIALS", path, "a readable file") from error
