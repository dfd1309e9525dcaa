"""Git connects to allowed hosts only."""

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import Rejected, Unauthorized
from integrations.git.environment import Console, Remote
from integrations.git.identity import Identity
from integrations.git.mirror import Wanted
from integrations.git.reach import check_reach
from integrations.git.remote import list_refs
from integrations.git.repository import Repository
from integrations.http import BlockedAddress, HttpPolicy
from integrations.loopback.git_server import GitServer
from tests.servers.http_recorder import HttpRecorder


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


@pytest.fixture
def host():
    """A web server that answers as told, which git may reach."""
    server = HttpRecorder()
    yield server
    server.close()


def redirect(host, location):
    host.answers["/app.git/info/refs"] = [(302, [("Location", location)], b"")]
    return f"{host.url}/app.git"


def only(host):
    return HttpPolicy(allowed_hosts=frozenset({f"127.0.0.1:{host.port}"}))


def test_a_redirect_out_of_reach_is_not_followed(git_server, host):
    git_server.create("app", {"a": "1"})
    url = redirect(host, f"{git_server.url('app')}/info/refs?service=git-upload-pack")

    with pytest.raises(BlockedAddress):
        list_refs(Remote(url, reach=only(host)))

    assert git_server.requests["app", "list"] == 0


def test_a_repository_that_moved_is_read_at_its_new_place(git_server, host):
    git_server.create("app", {"a": "1"})
    url = redirect(host, f"{git_server.url('app')}/info/refs?service=git-upload-pack")
    lines = []
    console = Console(log=lambda _stream, line: lines.append(line))

    refs = list_refs(Remote(url, reach=HttpPolicy(allow_loopback=True)), console=console)

    assert refs.heads == {"main": git_server.head("app")}
    assert lines == [f'The repository has moved to "{git_server.url("app")}": put that URL in its place']


def test_the_password_stays_with_the_host_that_it_is_for(git_server, host):
    git_server.create("app", {"a": "1"})
    git_server.accounts["app"] = ("bot", "hunter22")
    url = redirect(host, f"{git_server.url('app')}/info/refs?service=git-upload-pack")

    with pytest.raises(Unauthorized):
        list_refs(Remote(url, BasicAuth("bot", "hunter22"), reach=HttpPolicy(allow_loopback=True)))


def test_a_redirect_to_a_page_says_where_it_leads(host):
    url = redirect(host, "/login?back=1")

    with pytest.raises(Rejected, match=f'redirects to "{host.url}/login", which is no repository'):
        list_refs(Remote(url, reach=HttpPolicy(allow_loopback=True)))


def with_submodule(workspace, outer, inner, url):
    commit = workspace.server.head(inner)
    modules = f'[submodule "lib"]\n\tpath = lib\n\turl = {url}\n'
    workspace.server.commit(outer, {".gitmodules": modules}, "Add lib", submodules={"lib": commit})


def check_out(workspace, name, reach):
    tree = workspace.checkout(name)
    tree.update_submodules(tree.remote(None, reach=reach))
    return tree.root


@pytest.mark.parametrize("depth", [1, 2])
def test_a_submodule_out_of_reach_is_not_fetched_at_any_depth(workspace, tmp_path, depth):
    inside = GitServer(tmp_path / "inside")
    inside.start()
    inside.create("private", {"secret": "1"})
    for name in ("app", "middle"):
        workspace.server.create(name, {name: "1"})
    outer = "app" if depth == 1 else "middle"
    commit = inside.head("private")
    modules = f'[submodule "lib"]\n\tpath = lib\n\turl = {inside.url("private")}\n'
    workspace.server.commit(outer, {".gitmodules": modules}, "Add", submodules={"lib": commit})
    if depth == 2:
        with_submodule(workspace, "app", "middle", "../middle.git")
    reach = HttpPolicy(allowed_hosts=frozenset({workspace.server.base_url.removeprefix("http://")}))

    with pytest.raises(BlockedAddress):
        check_out(workspace, "app", reach)

    inside.stop()
    assert inside.requests["private", "list"] == 0


def test_nested_submodules_with_relative_addresses_are_checked_out(workspace):
    for name in ("app", "middle", "inner"):
        workspace.server.create(name, {f"{name}.txt": name})
    with_submodule(workspace, "middle", "inner", "../inner.git")
    with_submodule(workspace, "app", "middle", "../middle.git")

    root = check_out(workspace, "app", HttpPolicy(allow_loopback=True))

    assert (root / "lib/middle.txt").read_text() == "middle"
    assert (root / "lib/lib/inner.txt").read_text() == "inner"


def test_a_submodule_that_is_a_path_of_this_machine_is_refused(workspace):
    workspace.server.create("app", {"a": "1"})
    workspace.server.create("inner", {"a": "1"})
    with_submodule(workspace, "app", "inner", str(workspace.server.path("inner")))

    with pytest.raises(Rejected, match='Submodule "lib" cannot be fetched'):
        check_out(workspace, "app", None)


def test_a_push_reaches_the_repository_that_moved(workspace, host):
    workspace.server.create("app", {"a.txt": "1"})
    url = redirect(host, f"{workspace.server.url('app')}/info/refs?service=git-upload-pack")
    remote = Remote(url, reach=HttpPolicy(allow_loopback=True))
    clone = Repository.create(
        workspace.clones,
        workspace.mirrors,
        remote,
        wanted=Wanted(branches=("main",)),
        identity=Identity(),
        keep_as="promotion-1",
    )
    tree = clone.add_worktree(workspace.work / "src", branch="main")
    (tree.root / "a.txt").write_text("2")
    commit = tree.commit("Change a")

    tree.push("main", remote)

    assert workspace.server.head("app") == commit
