"""Proxies for outgoing HTTP, from the variables that all programs read."""

import os

from integrations.http_proxies import BadProxy, ProxyRules, read_proxy_rules
from kargoweb.env import BadSetting


def read_proxies() -> ProxyRules:
    """HTTP_PROXY, HTTPS_PROXY and NO_PROXY."""
    try:
        return read_proxy_rules(os.environ)
    except BadProxy as error:
        # Not the value: it is printed, and may hold a password.
        raise BadSetting(error.variable, "...", "the URL of a proxy, such as http://proxy.corp:3128") from error
