"""Git connects to allowed hosts only."""

import pytest

from integrations.git.environment import Remote
from integrations.git.reach import check_reach
from integrations.git.remote import list_refs
from integrations.http import BlockedAddress, HttpPolicy


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8080/app.git",
        "https://[::1]/app.git",
        "ssh://git@10.1.2.3/app.git",
        "git@169.254.169.254:x/app",
    ],
)
def test_refuses_private_hosts_in_every_form_of_address(address):
    with pytest.raises(BlockedAddress):
        check_reach(address, HttpPolicy())


@pytest.mark.parametrize("address", ["/srv/git/app.git", "file:///srv/git/app.git", "https://host.invalid/app.git"])
def test_leaves_paths_and_unknown_names_to_git(address):
    check_reach(address, HttpPolicy())


def test_no_request_leaves_for_a_blocked_host(git_server):
    git_server.create("app", {"a": "1"})
    remote = Remote(git_server.url("app"), reach=HttpPolicy())

    with pytest.raises(BlockedAddress):
        list_refs(remote)

    assert git_server.requests["app", "list"] == 0
    assert list_refs(Remote(git_server.url("app"), reach=HttpPolicy(allow_loopback=True))).heads
