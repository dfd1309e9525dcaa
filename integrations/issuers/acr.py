"""Refresh tokens of Azure Container Registry, for a client secret or the federated token of a workload identity.

Source: Kargo docs, repository credentials; Azure docs, "Authenticate with an Azure container registry" and the OAuth
2.0 client credentials flow.
Differs: Kargo knows the workload identity only; a client secret of a service principal works too.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from integrations.credentials import BasicAuth
from integrations.errors import IntegrationError
from integrations.http import HttpClient, HttpResponse
from integrations.issuers.base import Issued, key_of, read_object, said_by, text_of

HOST = re.compile(r"[a-z0-9-]+\.azurecr\.(?:io|cn|us)")
LOGIN_URL = "https://login.microsoftonline.com"

_USERNAME = "00000000-0000-0000-0000-000000000000"
_SCOPE = "https://containerregistry.azure.net/.default"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Tokens of the registry live three hours; it does not say so.
_LIFETIME = timedelta(minutes=155)


@dataclass(frozen=True, slots=True)
class Acr:
    """A client of a tenant at one registry; exactly one of `secret` and `token_file` proves who it is."""

    registry_url: str
    tenant: str
    client_id: str
    secret: str = field(default="", repr=False)
    token_file: Path | None = None
    login_url: str = LOGIN_URL

    @property
    def key(self) -> str:
        """See CredentialSource."""
        proof = self.secret or str(self.token_file)
        return key_of("acr", self.registry_url, self.tenant, self.client_id, proof, self.login_url)

    def issue(self, client: HttpClient, *, now: datetime) -> Issued:
        """See CredentialSource."""
        access = self._sign_in(client)
        what = f"a token of {urlsplit(self.registry_url).netloc}"
        form = {
            "grant_type": "access_token",
            "service": urlsplit(self.registry_url).netloc,
            "tenant": self.tenant,
            "access_token": access,
        }
        response = _post(client, f"{self.registry_url}/oauth2/exchange", form)
        response.raise_for_status(f"get {what}", said=said_by(response))
        token = text_of(read_object(response, what=what), "refresh_token", what=what)
        return Issued(BasicAuth(_USERNAME, token), now + _LIFETIME)

    def _sign_in(self, client: HttpClient) -> str:
        form = {"grant_type": "client_credentials", "client_id": self.client_id, "scope": _SCOPE}
        if self.secret:
            form["client_secret"] = self.secret
        else:
            form |= {"client_assertion_type": _ASSERTION, "client_assertion": self._read_assertion()}
        url = f"{self.login_url.rstrip('/')}/{quote(self.tenant, safe='')}/oauth2/v2.0/token"
        response = _post(client, url, form)
        response.raise_for_status("sign in to Azure", said=said_by(response))
        return text_of(read_object(response, what="a sign-in to Azure"), "access_token", what="a sign-in to Azure")

    def _read_assertion(self) -> str:
        try:
            return (self.token_file or Path("/nonexistent")).read_text().strip()
        except OSError as error:
            raise IntegrationError(
                f"The federated token cannot be read from {self.token_file}: {error.strerror}.", permanent=True
            ) from error


def _post(client: HttpClient, url: str, form: dict[str, str]) -> HttpResponse:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return client.request("POST", url, headers=headers, content=urlencode(form).encode(), retry=True)
