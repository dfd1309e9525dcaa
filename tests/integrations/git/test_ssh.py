"""Git over ssh, with a real server."""

import pytest

from integrations.credentials import BasicAuth, SshKey
from integrations.errors import Unauthorized
from integrations.git.environment import Remote
from integrations.git.identity import Identity
from integrations.git.mirror import Wanted
from integrations.git.remote import list_refs
from integrations.git.repository import Repository
from tests.servers.keys import make_ssh_key
from tests.servers.ssh import SshServer


@pytest.fixture(scope="module")
def ssh_server(tmp_path_factory):
    server = SshServer(tmp_path_factory.mktemp("ssh") / "server")
    yield server
    server.stop()


def test_clones_and_pushes_with_the_key(workspace, ssh_server):
    workspace.server.create("app", {"a.txt": "1"})
    url = ssh_server.url(workspace.server.path("app"))
    remote = Remote(url, SshKey(ssh_server.private_key))
    repository = Repository.create(
        workspace.clones,
        workspace.mirrors,
        remote,
        wanted=Wanted(branches=("main",)),
        identity=Identity(),
        keep_as="promotion-1",
    )
    tree = repository.add_worktree(workspace.work / "src", branch="main")
    (tree.root / "b.txt").write_text("2")

    commit = tree.commit("More")
    tree.push("main", tree.remote(SshKey(ssh_server.private_key)))

    assert workspace.server.head("app") == commit
    stored = [path.read_text(errors="replace") for path in workspace.clones.rglob("*") if path.is_file()]
    assert not [text for text in stored if "OPENSSH PRIVATE KEY" in text]


def test_a_key_with_a_passphrase_is_opened(workspace, ssh_server, tmp_path):
    workspace.server.create("app", {"a.txt": "1"})
    url = ssh_server.url(workspace.server.path("app"))
    ssh_server.admit(make_ssh_key(tmp_path, passphrase="open sesame")[1])
    key = (tmp_path / "ssh-key").read_text()

    assert list_refs(Remote(url, SshKey(key, "open sesame"))).heads == {"main": workspace.server.head("app")}
    with pytest.raises(Unauthorized):
        list_refs(Remote(url, SshKey(key, "open pomegranate")))


@pytest.mark.parametrize("credentials", [None, "stranger", BasicAuth("me", "hunter2")], ids=str)
def test_without_the_right_key_nobody_gets_in(workspace, ssh_server, tmp_path, credentials):
    workspace.server.create("app", {"a.txt": "1"})
    if credentials == "stranger":
        credentials = SshKey(make_ssh_key(tmp_path)[0])

    with pytest.raises(Unauthorized) as caught:
        list_refs(Remote(ssh_server.url(workspace.server.path("app")), credentials))

    assert "PRIVATE KEY" not in str(caught.value)
