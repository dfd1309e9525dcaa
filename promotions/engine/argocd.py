"""Argo CD as steps and health checks reach it: over the one connection of this installation. No database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from integrations.argocd.client import ArgoCD, Connection, open_argocd
from integrations.http import HttpPolicy
from promotions.steps.base import StepErrored

NOT_CONNECTED = (
    "This installation is not connected to Argo CD: set KARGOWEB_ARGOCD_URL and KARGOWEB_ARGOCD_TOKEN for the "
    'workers (for `kargoweb step run`, give "argocd": {"url", "token"} in the context).'
)
_USER_AGENT = "kargoweb"


class ArgoCDConnection:
    """The connection, or its absence; the token is masked in the log from now on."""

    def __init__(
        self, connection: Connection | None, policy: HttpPolicy, *, mask: Callable[[str], None] = lambda _: None
    ) -> None:
        self._connection, self._policy = connection, policy
        if connection is not None:
            mask(connection.token)

    @property
    def namespace(self) -> str:
        """Where applications are that name no namespace."""
        return self._connection.namespace if self._connection else ""

    @contextmanager
    def connect(self) -> Iterator[ArgoCD]:
        """A client for as long as the block runs. Raises StepErrored when there is no connection."""
        if self._connection is None:
            raise StepErrored(NOT_CONNECTED)
        with open_argocd(self._connection, self._policy, _USER_AGENT) as argocd:
            yield argocd
