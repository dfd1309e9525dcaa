"""What the engine needs to know of this installation, read once at the top of a task."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import cast

from django.conf import settings

from integrations.argocd.client import Connection
from integrations.http import HttpPolicy
from promotions.engine.snapshots_storage import SnapshotStore, read_snapshot_store
from promotions.steps.capabilities import GitHubPushRules, PushPolicyName
from promotions.steps.tools import Tools

# How outgoing requests name themselves.
USER_AGENT = "kargoweb"


@dataclass(frozen=True, slots=True)
class Site:
    """Directories, lengths of time and identities of this installation."""

    work_dir: Path
    mirrors_dir: Path
    secret_key: str
    base_url: str
    lease: timedelta
    # How long a promotion that failed keeps its work tree for a retry.
    work_trees_kept: timedelta
    git_name: str
    git_email: str
    git_signing_key: str = field(repr=False)
    git_push_policy: PushPolicyName
    allow_credentials_over_http: bool
    http_policy: HttpPolicy
    # None: not connected to an Argo CD.
    argocd: Connection | None
    tools: Tools
    github_push: GitHubPushRules
    # None: work trees are not stored, for the data directory is shared or there is one machine.
    snapshots: SnapshotStore | None

    @property
    def previews_dir(self) -> Path:
        """Work trees of previews, beside those of promotions."""
        return self.work_dir.with_name("previews")


def read_site() -> Site:
    """The site as the settings describe it."""
    return Site(
        work_dir=settings.DATA_DIR / "work",
        mirrors_dir=settings.DATA_DIR / "mirrors",
        secret_key=settings.SECRET_KEY,
        base_url=settings.BASE_URL,
        lease=settings.LEASE,
        work_trees_kept=settings.WORK_TREES_KEPT,
        git_name=settings.GIT_NAME,
        git_email=settings.GIT_EMAIL,
        git_signing_key=settings.GIT_SIGNING_KEY,
        git_push_policy=cast("PushPolicyName", settings.GIT_PUSH_POLICY),
        allow_credentials_over_http=settings.ALLOW_CREDENTIALS_OVER_HTTP,
        http_policy=HttpPolicy(
            allow_loopback=settings.ALLOW_PRIVATE_ADDRESSES,
            allow_private_addresses=settings.ALLOW_PRIVATE_ADDRESSES,
            proxy_rules=settings.PROXY_RULES,
        ),
        argocd=read_argocd(),
        tools=Tools(
            kustomize=settings.KUSTOMIZE,
            helm=settings.HELM,
            allow_remote_bases=settings.ALLOW_REMOTE_BASES,
            oci_push_max_bytes=settings.OCI_PUSH_MAX_BYTES,
        ),
        github_push=GitHubPushRules(
            max_commits=settings.GITHUB_PUSH_MAX_COMMITS, verify_untrusted=settings.GITHUB_PUSH_VERIFY_UNTRUSTED
        ),
        snapshots=read_snapshot_store(),
    )


def read_argocd() -> Connection | None:
    """The connection to Argo CD as the settings describe it; both address and token are needed."""
    if not settings.ARGOCD_URL or not settings.ARGOCD_TOKEN:
        return None
    return Connection(
        settings.ARGOCD_URL,
        settings.ARGOCD_TOKEN,
        namespace=settings.ARGOCD_NAMESPACE,
        verify_tls=not settings.ARGOCD_INSECURE,
    )
