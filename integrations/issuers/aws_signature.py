"""Signs requests to AWS (Signature Version 4).

Source: AWS docs, "Create a signed AWS API request". Only what a POST to the root of a service needs: the path is `/`,
there is no query. `botocore` would do it too, and is 80 MB of data about services that nobody asks for here.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class AwsKeys:
    """Access keys; `session` goes with those that are lent for a time."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session: str = field(default="", repr=False)


def sign(
    keys: AwsKeys, *, url: str, headers: dict[str, str], body: bytes, service: str, region: str, now: datetime
) -> dict[str, str]:
    """The headers of a POST to `url`, with those added that sign it."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    signed = {name.lower(): value for name, value in headers.items()}
    signed |= {"host": urlsplit(url).netloc, "x-amz-date": stamp}
    if keys.session:
        signed["x-amz-security-token"] = keys.session
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{' '.join(signed[name].split())}\n" for name in sorted(signed))
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    text = f"{_ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    secret = f"AWS4{keys.secret_access_key}".encode()
    for part in scope.split("/"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
    authorization = (
        f"{_ALGORITHM} Credential={keys.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return {name: value for name, value in signed.items() if name != "host"} | {"authorization": authorization}
