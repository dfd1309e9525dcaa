"""May git connect to this host? The same judgement on addresses as the HTTP client's, asked before each command.

Git resolves the name again itself, so this stops mistakes and plain attempts; what a name server that changes its
answer in between could gain is limited by git's own protocol. Git follows no redirect where the hosts are limited:
our own client walks them, each hop judged, and git is told where they end.
"""

import re
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

import httpcore

from integrations.credentials import BasicAuth
from integrations.errors import Rejected
from integrations.http import HttpClient
from integrations.http_policy import HttpPolicy
from integrations.http_transport import allowed_addresses

_SCP_HOST = re.compile(r"^(?:[^/@]+@)?(?P<host>[^/:]+):")
_PORTS = {"http": 80, "https": 443, "ssh": 22}
_REFS = "/info/refs"
_ANSWERS_WITHIN = timedelta(seconds=30)


def check_reach(address: str, policy: HttpPolicy) -> None:
    """Raise BlockedAddress when the host of a URL or `user@host:path` has no address that the policy allows."""
    parts = urlsplit(address)
    if parts.scheme in _PORTS and parts.hostname:
        host, port = parts.hostname, parts.port or _PORTS[parts.scheme]
    elif (found := _SCP_HOST.match(address)) and "://" not in address:
        host, port = found["host"], _PORTS["ssh"]
    else:
        return  # a local path, which the remote itself has to allow
    try:
        allowed_addresses(policy, host, port)
    except httpcore.ConnectError:
        return  # git tells best what it cannot resolve, or a proxy resolves it


def find_moved(address: str, policy: HttpPolicy, login: BasicAuth | None) -> str | None:
    """Where a repository is that answers with a redirect; None when it does not redirect.

    Raises BlockedAddress for a hop out of reach, Rejected when the way ends at something else than a repository.
    """
    # Some hosts serve git only to what calls itself git; version 2 keeps the answer small.
    headers = {"Git-Protocol": "version=2"}
    if login is not None:
        headers["Authorization"] = f"Basic {b64encode(f'{login.username}:{login.password}'.encode()).decode()}"
    question = "&" if "?" in address else "?"
    asked = f"{address.rstrip('/')}{_REFS}{question}service=git-upload-pack"
    with HttpClient(replace(policy, timeout=_ANSWERS_WITHIN), "git/2 (kargoweb)") as client:
        reached = urlsplit(client.request("GET", asked, headers=headers, retry=False).url)
    if urlunsplit(reached) == asked:
        return None
    place = urlunsplit((reached.scheme, reached.netloc.rpartition("@")[2], reached.path, "", ""))
    if not reached.path.endswith(_REFS):
        raise Rejected(
            f'Repository "{address}" redirects to "{place}", which is no repository. Check the URL; a host may also '
            "send those to its login page who may not see the repository."
        )
    return place.removesuffix(_REFS)
