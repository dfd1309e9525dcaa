"""Passwords of Amazon Elastic Container Registry, for access keys or the role of a web identity.

Source: Kargo docs, repository credentials; AWS docs, GetAuthorizationToken and AssumeRoleWithWebIdentity.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from integrations.credentials import BasicAuth
from integrations.errors import IntegrationError, RateLimited, Unauthorized
from integrations.http import HttpClient, HttpResponse
from integrations.issuers.aws_signature import AwsKeys, sign
from integrations.issuers.base import Issued, key_of, read_object, said_by

HOST = re.compile(r"[0-9]{12}\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?")

_WHAT = "a password of the registry"
_LIFETIME = timedelta(hours=12)
_REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
_REFUSALS = ("UnrecognizedClient", "InvalidSignature", "AccessDenied", "ExpiredToken", "InvalidClientTokenId")
_KEYS = {
    name: re.compile(rf"<{name}>([^<]+)</{name}>") for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")
}
_ERROR = re.compile(r"<Message>([^<]{1,300})</Message>")


@dataclass(frozen=True, slots=True)
class WebIdentity:
    """A role that who holds the token of a file may take."""

    role_arn: str
    token_file: Path
    sts_url: str = ""


@dataclass(frozen=True, slots=True)
class Ecr:
    """The registries of one account in one region; `url` is where the service is, if not at its usual place."""

    region: str
    keys: AwsKeys | WebIdentity
    url: str = ""
    suffix: str = field(default="amazonaws.com")

    @property
    def key(self) -> str:
        """See CredentialSource."""
        held = self.keys
        named = (
            (held.access_key_id, held.secret_access_key, held.session)
            if isinstance(held, AwsKeys)
            else (held.role_arn, str(held.token_file), held.sts_url)
        )
        return key_of("ecr", self.region, self.url, self.suffix, *named)

    def issue(self, client: HttpClient, *, now: datetime) -> Issued:
        """See CredentialSource."""
        # The region becomes part of a host name that our keys sign for.
        if not _REGION.fullmatch(self.region):
            raise IntegrationError(f'"{self.region}" is no region of AWS: write it as eu-central-1.', permanent=True)
        keys = self.keys if isinstance(self.keys, AwsKeys) else self._take_role(client, self.keys)
        url = self.url or f"https://api.ecr.{self.region}.{self.suffix}/"
        body = b"{}"
        headers = {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
        }
        signed = sign(keys, url=url, headers=headers, body=body, service="ecr", region=self.region, now=now)
        response = client.request("POST", url, headers=signed, content=body, retry=True)
        _check(response)
        return _read_token(response, now)

    def _take_role(self, client: HttpClient, identity: WebIdentity) -> AwsKeys:
        try:
            token = identity.token_file.read_text().strip()
        except OSError as error:
            raise IntegrationError(
                f"The token of the web identity cannot be read from {identity.token_file}: {error.strerror}.",
                permanent=True,
            ) from error
        form = {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": "2011-06-15",
            "RoleArn": identity.role_arn,
            "RoleSessionName": "kargoweb",
            "WebIdentityToken": token,
        }
        response = client.request(
            "POST",
            identity.sts_url or f"https://sts.{self.region}.{self.suffix}/",
            headers={"content-type": "application/x-www-form-urlencoded"},
            content=urlencode(form).encode(),
            retry=True,
        )
        text = response.body.decode("utf-8", "replace")
        said = match[1] if (match := _ERROR.search(text)) else ""
        response.raise_for_status(f"take the role {identity.role_arn}", said=said)
        found = {name: match[1] for name, pattern in _KEYS.items() if (match := pattern.search(text))}
        if len(found) != len(_KEYS):
            raise IntegrationError(
                "The answer of AWS's token service holds no keys. Check its address.", permanent=True
            )
        return AwsKeys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


def _check(response: HttpResponse) -> None:
    """AWS says 400 for nearly everything; the name of the error tells what it is."""
    if response.status == 400:
        try:
            kind = str(json.loads(response.body).get("__type", ""))
        except (ValueError, AttributeError, RecursionError):
            kind = ""
        said = said_by(response)
        if any(name in kind for name in _REFUSALS):
            raise Unauthorized(
                f'AWS does not accept the access key: "{said or kind}". Check key, secret and region, and that it '
                "may do ecr:GetAuthorizationToken."
            )
        if "Throttling" in kind:
            raise RateLimited("AWS asks us to slow down.")
    response.raise_for_status(f"get {_WHAT}", said=said_by(response))


def _read_token(response: HttpResponse, now: datetime) -> Issued:
    try:
        data = read_object(response, what=_WHAT)["authorizationData"][0]
        username, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        expires = data.get("expiresAt")
        expires_at = datetime.fromtimestamp(float(expires), UTC) if expires else now + _LIFETIME
    except (KeyError, IndexError, TypeError, ValueError, binascii.Error, OverflowError) as error:
        raise IntegrationError("The answer of AWS holds no password for the registry.", permanent=True) from error
    if not username or not password:
        raise IntegrationError("The answer of AWS holds no password for the registry.", permanent=True)
    return Issued(BasicAuth(username, password), expires_at)
