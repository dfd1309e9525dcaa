"""What the steps share that talk to registries: references, credentials, a client."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

from integrations.credentials import BasicAuth, SshKey, Token
from integrations.http import HttpClient
from integrations.oci.references import Reference, parse_reference
from promotions.steps.base import StepContext
from promotions.steps.capabilities import given

_USER_AGENT = "kargoweb"
_CHART_SCHEME = "oci://"


@dataclasses.dataclass(frozen=True, slots=True)
class Artifact:
    """A reference of a config; `name` is its tag or digest."""

    reference: Reference
    is_chart: bool

    @property
    def name(self) -> str:
        return self.reference.digest or self.reference.tag or "latest"


def read_artifact(text: str) -> Artifact:
    """`oci://` means a chart, which has credentials of its own. Raises InvalidReference."""
    return Artifact(parse_reference(text), text.startswith(_CHART_SCHEME))


def find_login(context: StepContext, artifact: Artifact) -> BasicAuth | Token | None:
    """The project's credentials for the repository; None: go on without."""
    repository = str(artifact.reference.repository)
    credentials = given(context.can.credentials)
    if artifact.is_chart:
        found = credentials.find("helm", f"{_CHART_SCHEME}{repository}")
    else:
        found = credentials.find("image", repository)
    return None if isinstance(found, SshKey) else found


@contextmanager
def open_client(context: StepContext, *, skip_tls_verify: bool) -> Iterator[HttpClient]:
    """The client to talk to registries with."""
    client = given(context.can.http)
    if not skip_tls_verify:
        yield client
        return
    with HttpClient(dataclasses.replace(client.policy, verify_tls=False), _USER_AGENT) as trusting:
        yield trusting
