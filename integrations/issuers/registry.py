"""All issuers, as a literal table: from the texts of a credential, or from what the site is, to a source."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from integrations.issuers.acr import HOST as ACR_HOST
from integrations.issuers.acr import LOGIN_URL, Acr
from integrations.issuers.aws_signature import AwsKeys
from integrations.issuers.base import CredentialSource
from integrations.issuers.ecr import HOST as ECR_HOST
from integrations.issuers.ecr import Ecr, WebIdentity
from integrations.issuers.gar import HOST as GAR_HOST
from integrations.issuers.gar import Gar
from integrations.issuers.github_app import GitHubApp
from integrations.issuers.keys import ISSUERS

_REGISTRIES = frozenset({"image", "helm"})


@dataclass(frozen=True, slots=True)
class Places:
    """Where issuers are, if not at their usual places."""

    ecr: str = ""
    azure_login: str = LOGIN_URL


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the site itself is at the clouds: what its surroundings give it. Empty: nobody."""

    aws: AwsKeys | WebIdentity | None = None
    azure_tenant: str = ""
    azure_client: str = ""
    azure_token_file: Path | None = None
    google_key: str = field(default="", repr=False)


def _github_app(repo_url: str, texts: Mapping[str, str], _: Places) -> CredentialSource | None:
    app = texts.get("githubAppClientID") or texts.get("githubAppID")
    if not app or urlsplit(repo_url).scheme not in ("http", "https"):
        return None
    return GitHubApp(app, texts["githubAppInstallationID"], texts["githubAppPrivateKey"], repo_url)


def _ecr(repo_url: str, texts: Mapping[str, str], places: Places) -> CredentialSource | None:
    match = ECR_HOST.fullmatch(host_of(repo_url))
    if match is None:
        return None
    keys = AwsKeys(texts["awsAccessKeyID"], texts["awsSecretAccessKey"])
    return Ecr(texts["awsRegion"], keys, url=places.ecr, suffix=f"amazonaws.com{match[2] or ''}")


def _gar(repo_url: str, texts: Mapping[str, str], _: Places) -> CredentialSource | None:
    return Gar(texts["gcpServiceAccountKey"]) if GAR_HOST.fullmatch(host_of(repo_url)) else None


def _acr(repo_url: str, texts: Mapping[str, str], places: Places) -> CredentialSource | None:
    host = host_of(repo_url)
    if not ACR_HOST.fullmatch(host):
        return None
    return Acr(
        f"https://{host}",
        texts["azureTenantID"],
        texts["azureClientID"],
        texts["azureClientSecret"],
        login_url=places.azure_login,
    )


_MAKERS: dict[str, Callable[[str, Mapping[str, str], Places], CredentialSource | None]] = {
    "GitHub App": _github_app,
    "Amazon ECR": _ecr,
    "Google Artifact Registry": _gar,
    "Azure Container Registry": _acr,
}


def find_source(kind: str, repo_url: str, texts: Mapping[str, str], places: Places) -> CredentialSource | None:
    """The source that these texts of a credential name for a repository; None when they name none."""
    for issuer in ISSUERS:
        if kind in issuer.kinds and all(texts.get(key) for key in issuer.needed):
            return _MAKERS[issuer.label](repo_url, texts, places)
    return None


def find_ambient_source(kind: str, repo_url: str, identity: Identity, places: Places) -> CredentialSource | None:
    """The source for a repository by what the site itself is at the cloud that hosts it; None when it is nobody."""
    if kind not in _REGISTRIES:
        return None
    host = host_of(repo_url)
    if identity.aws is not None and (match := ECR_HOST.fullmatch(host)):
        return Ecr(match[1], identity.aws, url=places.ecr, suffix=f"amazonaws.com{match[2] or ''}")
    if identity.google_key and GAR_HOST.fullmatch(host):
        return Gar(identity.google_key)
    if identity.azure_token_file is not None and ACR_HOST.fullmatch(host):
        return Acr(
            f"https://{host}",
            identity.azure_tenant,
            identity.azure_client,
            token_file=identity.azure_token_file,
            login_url=places.azure_login,
        )
    return None


def host_of(repo_url: str) -> str:
    """The host of an image or chart repository, however it is written; without port."""
    text = repo_url.strip().lower()
    text = text.partition("://")[2] if "://" in text else text
    return text.partition("/")[0].rpartition("@")[2].partition(":")[0]
