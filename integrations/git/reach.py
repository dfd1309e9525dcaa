"""May git connect to this host? The same judgement on addresses as the HTTP client's, asked before each command.

Git resolves the name again itself, so this stops mistakes and plain attempts; what a name server that changes its
answer in between could gain is limited by git's own protocol.
"""

import re
from urllib.parse import urlsplit

import httpcore

from integrations.http_policy import HttpPolicy
from integrations.http_transport import allowed_addresses

_SCP_HOST = re.compile(r"^(?:[^/@]+@)?(?P<host>[^/:]+):")
_PORTS = {"http": 80, "https": 443, "ssh": 22}


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
