"""Which proxy a request goes through, as the environment of the process says it. Pure.

Source: Go's `httpproxy` package, which Kargo's clients use: HTTP_PROXY, HTTPS_PROXY and NO_PROXY in either case;
this machine itself is never called through a proxy. ALL_PROXY is not read.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from integrations.errors import IntegrationError


@dataclass(frozen=True)
class ProxyRules:
    """Proxies by scheme (URLs; empty: none) and the hosts that are called directly.

    An entry of `direct` is a host (with all its sub-domains), `.domain` (sub-domains only), an IP address, a network
    such as `10.0.0.0/8`, one of these but a network with `:port`, or `*` for every host.
    """

    http: str = ""
    https: str = ""
    direct: tuple[str, ...] = ()

    def choose(self, *, scheme: str, host: str, port: int) -> str | None:
        """The proxy's URL for one request; None: connect directly."""
        proxy = self.https if scheme == "https" else self.http
        name = host.lower().strip("[]").rstrip(".")
        if not proxy or name == "localhost" or _is_loopback(name):
            return None
        return None if any(_covers(entry, name, port) for entry in self.direct) else proxy


class BadProxy(IntegrationError):
    """An environment variable that names no usable proxy; its value may hold a password and is not shown."""

    def __init__(self, variable: str) -> None:
        super().__init__(
            f"The environment variable {variable} must be the URL of a proxy, such as http://proxy.corp:3128.",
            permanent=True,
        )
        self.variable = variable


def read_proxy_rules(environment: Mapping[str, str]) -> ProxyRules:
    """Read the usual variables. Raises BadProxy for a proxy that is no http(s) URL."""
    found = {name: environment.get(name) or environment.get(name.lower()) or "" for name in _VARIABLES}
    direct = tuple(entry.strip().lower() for entry in found["NO_PROXY"].split(",") if entry.strip())
    return ProxyRules(
        http=_read_url("HTTP_PROXY", found["HTTP_PROXY"]),
        https=_read_url("HTTPS_PROXY", found["HTTPS_PROXY"]),
        direct=direct,
    )


_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def _read_url(name: str, value: str) -> str:
    value = value.strip()
    if not value:
        return ""
    url = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise BadProxy(name)
    return url


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _covers(entry: str, name: str, port: int) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        return _is_in_network(name, entry)
    host, colon, wanted_port = entry.rpartition(":")
    if colon and wanted_port.isdigit() and (":" not in host or host.startswith("[")):
        if int(wanted_port) != port:
            return False
        entry = host
    entry = entry.strip("[]").removeprefix("*")
    if entry.startswith("."):
        return name.endswith(entry)
    return name == entry or name.endswith(f".{entry}")


def _is_in_network(name: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(name) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
