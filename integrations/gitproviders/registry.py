"""All providers, as a literal table, and the way from a repository URL to one of them."""

from typing import Protocol

from integrations.credentials import BasicAuth, SshKey, Token
from integrations.errors import IntegrationError
from integrations.gitproviders import azure, bitbucket_cloud, bitbucket_datacenter, gitea, github, gitlab
from integrations.gitproviders.addresses import RepositoryAddress, read_address, without_login
from integrations.gitproviders.base import Provider
from integrations.gitproviders.inference import infer_provider
from integrations.http import HttpClient


class _Connect(Protocol):
    def __call__(
        self, client: HttpClient, address: RepositoryAddress, username: str, token: str, *, verify_tls: bool = True
    ) -> Provider: ...


_BITBUCKET_CLOUD = "bitbucket.org"
_CONNECT: dict[str, _Connect] = {
    "azure": azure.connect,
    "bitbucket": bitbucket_cloud.connect,
    "bitbucket-datacenter": bitbucket_datacenter.connect,
    "gitea": gitea.connect,
    "github": github.connect,
    "gitlab": gitlab.connect,
}


def open_provider(
    client: HttpClient,
    repo_url: str,
    credentials: BasicAuth | Token | SshKey | None,
    *,
    provider: str = "",
    verify_tls: bool = True,
) -> Provider:
    """The provider of a repository, told by its name or else by the URL's host.

    The password of the credentials is the token; an SSH key is none. Raises a permanent IntegrationError when no
    provider can be told, or the URL is no repository of it.
    """
    name = provider or infer_provider(repo_url)
    if not name:
        raise IntegrationError(
            f'Which git provider "{without_login(repo_url)}" is at cannot be told by its host. Set provider to one '
            "of azure, bitbucket, gitea, github, gitlab.",
            permanent=True,
        )
    address = read_address(repo_url)
    if name == "bitbucket" and address.host not in (_BITBUCKET_CLOUD, f"altssh.{_BITBUCKET_CLOUD}"):
        name = "bitbucket-datacenter"
    username, token = find_token(credentials)
    return _CONNECT[name](client, address, username, token, verify_tls=verify_tls)


def find_token(credentials: BasicAuth | Token | SshKey | None) -> tuple[str, str]:
    """User name and token; both empty when the credentials hold none, as an SSH key."""
    if isinstance(credentials, BasicAuth):
        return credentials.username, credentials.password
    return "", credentials.token if isinstance(credentials, Token) else ""
