"""Which texts a credential must hold for each issuer: ids that may be shown, and the secret. Imports nothing.

Source: Kargo docs, repository credentials. Differs: the texts for Azure are ours.
"""

from dataclasses import dataclass

_GIT = frozenset({"git"})
_REGISTRIES = frozenset({"image", "helm"})


@dataclass(frozen=True, slots=True)
class Issuer:
    """One way to get credentials. `open_keys` are no secrets; `needed` must all be there for it to be asked."""

    label: str
    kinds: frozenset[str]
    open_keys: tuple[str, ...]
    secret_key: str
    needed: tuple[str, ...]


ISSUERS: tuple[Issuer, ...] = (
    Issuer(
        label="GitHub App",
        kinds=_GIT,
        open_keys=("githubAppClientID", "githubAppID", "githubAppInstallationID"),
        secret_key="githubAppPrivateKey",  # noqa: S106
        needed=("githubAppInstallationID", "githubAppPrivateKey"),
    ),
    Issuer(
        label="Amazon ECR",
        kinds=_REGISTRIES,
        open_keys=("awsRegion", "awsAccessKeyID"),
        secret_key="awsSecretAccessKey",  # noqa: S106
        needed=("awsRegion", "awsAccessKeyID", "awsSecretAccessKey"),
    ),
    Issuer(
        label="Google Artifact Registry",
        kinds=_REGISTRIES,
        open_keys=(),
        secret_key="gcpServiceAccountKey",  # noqa: S106
        needed=("gcpServiceAccountKey",),
    ),
    Issuer(
        label="Azure Container Registry",
        kinds=_REGISTRIES,
        open_keys=("azureTenantID", "azureClientID"),
        secret_key="azureClientSecret",  # noqa: S106
        needed=("azureTenantID", "azureClientID", "azureClientSecret"),
    ),
)
