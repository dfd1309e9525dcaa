import ipaddress

import pytest

from integrations.http_policy import HttpPolicy, classify_address


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("8.8.8.8", "public"),
        ("2606:4700::1111", "public"),
        ("127.0.0.1", "loopback"),
        ("127.9.9.9", "loopback"),
        ("::1", "loopback"),
        ("10.0.0.1", "private"),
        ("172.31.0.1", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("fd00::1", "private"),
        ("169.254.169.254", "link-local"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("0.0.0.0", "unspecified"),  # noqa: S104
        ("0.1.2.3", "unspecified"),
        ("::", "unspecified"),
        ("255.255.255.255", "reserved"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:10.1.1.1", "private"),
        ("::ffff:169.254.169.254", "link-local"),
        ("::127.0.0.1", "loopback"),
        ("64:ff9b::a00:1", "private"),
        ("64:ff9b::808:808", "public"),
        ("2002:7f00:1::", "loopback"),
        ("2002:a00:1::1", "private"),
    ],
)
def test_classifies_addresses(address, kind):
    assert classify_address(ipaddress.ip_address(address)) == kind


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        (HttpPolicy(), {"8.8.8.8"}),
        (HttpPolicy(allow_loopback=True), {"8.8.8.8", "127.0.0.1"}),
        (HttpPolicy(allow_private_addresses=True), {"8.8.8.8", "10.0.0.1"}),
        (
            HttpPolicy(allowed_hosts=frozenset({"x.corp"})),
            {"8.8.8.8", "127.0.0.1", "10.0.0.1", "169.254.169.254"},
        ),
        (HttpPolicy(allowed_hosts=frozenset({"x.corp:8443"})), {"8.8.8.8"}),
        (HttpPolicy(allowed_hosts=frozenset({"y.corp"})), {"8.8.8.8"}),
    ],
)
def test_opens_only_what_it_names(policy, allowed):
    addresses = ["8.8.8.8", "127.0.0.1", "10.0.0.1", "169.254.169.254"]

    open_addresses = {
        address
        for address in addresses
        if policy.explain_block(ipaddress.ip_address(address), host="X.Corp.", port=443) is None
    }

    assert open_addresses == allowed
