"""Git steps with a repository that is reached over ssh."""

import pytest

from integrations.credentials import SshKey
from integrations.errors import Unauthorized
from integrations.http_policy import HttpPolicy
from tests.servers.git import git_server
from tests.servers.ssh import SshServer

__all__ = ["git_server"]


@pytest.fixture(scope="module")
def ssh_server(tmp_path_factory):
    server = SshServer(tmp_path_factory.mktemp("ssh") / "server")
    yield server
    server.stop()


def test_clones_commits_and_pushes_with_the_projects_key(bench, git_server, ssh_server):
    git_server.create("app", {"app.yaml": "v: 1\n"})
    url = ssh_server.url(git_server.path("app"))
    bench.git.reach = HttpPolicy(allow_loopback=True)
    config = {"repoURL": url, "checkout": [{"path": "src", "branch": "env", "create": True}]}
    with pytest.raises(Unauthorized, match="it wants credentials and the project has none"):
        bench.run("git-clone", config)
    bench.credentials.by_url[url] = SshKey(ssh_server.private_key)

    bench.run("git-clone", config)
    bench.write("src/app.yaml", "v: 2\n")
    commit = bench.run("git-commit", {"path": "src", "message": "Two"}).output["commit"]
    pushed = bench.run("git-push", {"path": "src", "provider": "gitea"}).output

    assert git_server.head("app", "env") == commit
    assert pushed["commitURL"] == f"https://127.0.0.1{git_server.path('app').with_suffix('')}/commit/{commit}"
    assert not [line for _, line in bench.lines if "PRIVATE KEY" in line]
