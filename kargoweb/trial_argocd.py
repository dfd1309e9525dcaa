"""The Argo CD of a trial: the connection that its context gives, {"argocd": {"url", "token", "namespace"?}}."""

from typing import Any

from integrations.argocd.client import Connection
from integrations.http import HttpPolicy
from promotions.engine import ArgoCDConnection


def read_argocd(context: dict[str, Any], policy: HttpPolicy) -> ArgoCDConnection:
    """Without "argocd" in the context a step is told how to give it."""
    given = context.get("argocd") or {}
    if not given.get("url"):
        return ArgoCDConnection(None, policy)
    connection = Connection(
        given["url"],
        given.get("token") or "",
        namespace=given.get("namespace") or "argocd",
        verify_tls=not given.get("insecure"),
    )
    return ArgoCDConnection(connection, policy)
