"""Which git provider a repository is at, told by its host, and the web page of a commit there.

Source: Kargo `pkg/gitprovider`; docs "Promotion Steps", provider inference.
"""

import re
from urllib.parse import urlsplit

from integrations.git.urls import mirror_key, normalize_git_url

PROVIDERS = ("azure", "bitbucket", "gitea", "github", "gitlab")


def infer_provider(repo_url: str) -> str | None:
    """Guess the provider from the host of a repository URL; None when the host tells nothing."""
    host = urlsplit(normalize_git_url(repo_url)).hostname or ""
    if "github" in host or host.endswith(".ghe.com"):
        return "github"
    if "gitlab" in host:
        return "gitlab"
    if "gitea" in host:
        return "gitea"
    if host in {"dev.azure.com", "ssh.dev.azure.com"} or host.endswith("visualstudio.com"):
        return "azure"
    return "bitbucket" if host == "bitbucket.org" else None


def commit_url(provider: str | None, repo_url: str, sha: str) -> str:
    """Link to a commit's page; empty without a known provider, or when the repository is on no host."""
    parts = urlsplit(mirror_key(repo_url))
    if provider not in PROVIDERS or not parts.netloc:
        return ""
    host, path = _web_host(parts.scheme, parts.netloc), parts.path.strip("/")
    if provider == "azure":
        return f"https://dev.azure.com/{_azure_path(host, path)}/commit/{sha}"
    infix = {"gitlab": "-/commit", "bitbucket": "commits"}.get(provider, "commit")
    return f"https://{host}/{path}/{infix}/{sha}"


def _azure_path(host: str, path: str) -> str:
    """Turn `v3/org/project/repo` (ssh) and `org.visualstudio.com/project/_git/repo` into the web form."""
    pieces = path.split("/")
    if pieces[0] == "v3" and len(pieces) == 4:
        return f"{pieces[1]}/{pieces[2]}/_git/{pieces[3]}"
    if host.endswith(".visualstudio.com") and "_git" in pieces:
        return f"{host.removesuffix('.visualstudio.com')}/{path}"
    return path


def _web_host(scheme: str, netloc: str) -> str:
    host = netloc.rpartition("@")[2]
    # The ssh port is not the port of the web pages.
    return re.sub(r":\d+$", "", host) if scheme == "ssh" else host
