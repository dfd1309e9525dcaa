"""Where the HTTP client may go and how far: limits, proxy, and the judgement on IP addresses. Pure."""

import ipaddress
from dataclasses import dataclass, field
from datetime import timedelta

from integrations.http_proxies import ProxyRules

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_THIS_NETWORK = ipaddress.IPv4Network("0.0.0.0/8")


@dataclass(frozen=True)
class HttpPolicy:
    """Limits of one client.

    `allowed_hosts` names hosts, with or without port (`registry.corp`, `proxy.corp:3128`), that may resolve
    to any address; a proxy on a private network needs its place there. Link-local addresses, where clouds
    keep their metadata, open by `allowed_hosts` only. `timeout` is for one try of one request, from the first
    packet to the last byte; `attempts` counts all tries of a request that may be repeated; `longest_wait` is
    the longest pause before a further try. `proxy` is for every host and, being a person's choice, guarded as any
    host; `proxy_rules` are the operator's, hold without a `proxy`, and may lead to a private address.
    """

    allow_loopback: bool = False
    allow_private_addresses: bool = False
    allowed_hosts: frozenset[str] = frozenset()
    timeout: timedelta = timedelta(seconds=30)
    connect_timeout: timedelta = timedelta(seconds=10)
    proxy: str | None = None
    proxy_rules: ProxyRules = field(default_factory=ProxyRules)
    verify_tls: bool = True
    max_body_bytes: int = 32 * 1024 * 1024
    max_redirects: int = 5
    attempts: int = 4
    longest_wait: timedelta = timedelta(seconds=20)

    def explain_block(self, address: Address, *, host: str, port: int) -> str | None:
        """Why this address is out of bounds ("a private address"), or None if it may be called."""
        name = host.lower().rstrip(".")
        allowed_hosts = {allowed_host.lower() for allowed_host in self.allowed_hosts}
        if allowed_hosts & {name, f"{name}:{port}"}:
            return None
        kind = classify_address(address)
        allowed = {
            "public": True,
            "loopback": self.allow_loopback,
            "private": self.allow_private_addresses,
        }
        return None if allowed.get(kind, False) else f"a {kind} address"


def classify_address(address: Address) -> str:
    """One of public, loopback, private, link-local, multicast, unspecified, reserved.

    An IPv6 address that carries an IPv4 address counts as what it carries.
    """
    carried = _carried_address(address)
    if carried is not None:
        return classify_address(carried)
    if address.is_unspecified or (isinstance(address, ipaddress.IPv4Address) and address in _THIS_NETWORK):
        return "unspecified"
    if address.is_loopback:
        return "loopback"
    if address.is_link_local:
        return "link-local"
    if address.is_multicast:
        return "multicast"
    if address.is_reserved:
        return "reserved"
    return "public" if address.is_global else "private"


def _carried_address(address: Address) -> ipaddress.IPv4Address | None:
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour
