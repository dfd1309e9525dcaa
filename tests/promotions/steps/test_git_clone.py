import ssl
import subprocess

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import Aborted, IntegrationError, NotFound, Rejected, Unauthorized, Unreachable
from promotions.steps.base import Done, StepErrored, StepFailed
from tests.servers.git import git_server

__all__ = ["git_server"]


@pytest.fixture
def app(git_server):
    git_server.create("app", {"app.yaml": "v: 1\n", "charts/a/Chart.yaml": "a", "docs/x.md": "x"})
    return git_server.url("app")


def _clone(bench, url, *checkouts, alias="clone", **config):
    return bench.run("git-clone", {"repoURL": url, "checkout": list(checkouts), **config}, alias=alias)


def test_checks_out_branch_commit_and_tag_each_to_its_place(bench, git_server, app):
    first = git_server.head("app")
    git_server.tag("app", "v1")
    git_server.commit("app", {"app.yaml": "v: 2\n"}, "Two")
    git_server.commit("app", {"env": "uat"}, "Env", branch="env/uat")

    result = _clone(
        bench,
        app,
        {"path": "src", "as": "source"},
        {"path": "./out/uat", "branch": "env/uat", "commit": "", "tag": ""},
        {"path": "old", "commit": first},
        {"path": "tagged", "tag": "v1", "as": ""},
    )

    assert result == Done(
        {
            "commits": {
                "source": git_server.head("app"),
                "./out/uat": git_server.head("app", "env/uat"),
                "old": first,
                "tagged": first,
            }
        }
    )
    assert [bench.read(f"{path}/app.yaml") for path in ("src", "old", "tagged")] == ["v: 2\n", "v: 1\n", "v: 1\n"]
    assert bench.read("out/uat/env") == "uat"


def test_the_log_tells_what_happens_and_no_absolute_path(bench, git_server, app):
    _clone(bench, app, {"path": "src"})

    text = "\n".join(line for _, line in bench.lines)
    assert f"Cloning {app}" in text
    assert f"Checked out {git_server.head('app')} at src" in text
    assert "secret-place" not in text


def test_really_clones_again_each_time(bench, git_server, app):
    _clone(bench, app, {"path": "src"})
    bench.write("src/app.yaml", "changed\n")
    bench.write("src/new", "new\n")
    newer = git_server.commit("app", {"app.yaml": "v: 2\n"}, "Two")

    result = _clone(bench, app, {"path": "src"})

    assert result.output == {"commits": {"src": newer}}
    assert bench.read("src/app.yaml") == "v: 2\n"
    assert "src/new" not in bench.files()


def test_a_second_run_finishes_what_a_half_done_one_began(bench, git_server, app):
    git_server.commit("app", {"env": "uat"}, "Env", branch="uat")
    with pytest.raises(NotFound):
        _clone(bench, app, {"path": "src"}, {"path": "out", "branch": "missing"})
    assert "src/app.yaml" in bench.files()

    result = _clone(bench, app, {"path": "src"}, {"path": "out", "branch": "uat"})

    assert set(result.output["commits"]) == {"src", "out"}


def test_makes_a_missing_branch_when_asked_to(bench, git_server, app):
    checkout = {"path": "out", "branch": "env/new", "create": True}

    first = _clone(bench, app, checkout)
    second = _clone(bench, app, checkout)

    commit = git_server.head("app", "env/new")
    assert first.output == second.output == {"commits": {"out": commit}}
    assert git_server.log("app", "env/new") == [commit]
    assert git_server.files("app", "env/new") == []


def test_a_missing_branch_is_an_error(bench, app):
    with pytest.raises(NotFound, match='no branch "nope"'):
        _clone(bench, app, {"path": "out", "branch": "nope"})


def test_an_empty_repository_needs_a_branch_to_create(bench, git_server):
    git_server.create("void", {})

    with pytest.raises(NotFound, match="repository is empty"):
        _clone(bench, git_server.url("void"), {"path": "a"})
    result = _clone(bench, git_server.url("void"), {"path": "a", "branch": "main", "create": True})

    assert result.output == {"commits": {"a": git_server.head("void")}}


def test_sparse_checks_out_directories_only(bench, app):
    _clone(bench, app, {"path": "src", "sparse": ["charts/a"]})

    assert [name for name in bench.files() if not name.endswith("/.git")] == [
        "src/app.yaml",
        "src/charts/a/Chart.yaml",
    ]


@pytest.mark.parametrize("pattern", ["/charts", "../x", "charts/*", "a?", "[a]"])
def test_sparse_takes_no_patterns(bench, app, pattern):
    with pytest.raises(IntegrationError, match="Sparse pattern"):
        _clone(bench, app, {"path": "src", "sparse": [pattern]})

    assert bench.files() == []


@pytest.mark.parametrize("make", ["file", "directory", "link", "dangling link"])
def test_never_touches_what_is_there_already(bench, app, make):
    place = bench.workdir / "src"
    bench.write("other/file", "mine")
    if make == "file":
        place.write_text("mine")
    elif make == "directory":
        bench.write("src/x", "mine")
    else:
        place.symlink_to("other" if make == "link" else "nowhere")
    before = bench.files()

    with pytest.raises(Rejected, match='Path "src" already exists'):
        _clone(bench, app, {"path": "src"})

    assert bench.files() == before


def test_one_path_can_be_used_only_once(bench, app):
    with pytest.raises(StepErrored, match=r'checkout\[1\]: path "./src" already exists'):
        _clone(bench, app, {"path": "src"}, {"path": "./src"})


@pytest.mark.parametrize("path", [".", "/", "a/.."])
def test_the_working_directory_itself_is_no_place(bench, app, path):
    with pytest.raises(StepErrored, match="is the working directory itself"):
        _clone(bench, app, {"path": path})


def test_an_absolute_path_means_the_work_tree(bench, app):
    _clone(bench, app, {"path": "/deep/../../src"})

    assert "src/app.yaml" in bench.files()


def test_one_branch_can_be_in_one_work_tree_of_a_clone_only(bench, app):
    with pytest.raises(IntegrationError):
        _clone(bench, app, {"path": "a", "branch": "main"}, {"path": "b", "branch": "main"})


def test_uses_the_credentials_of_the_project(bench, git_server, app):
    git_server.accounts["app"] = ("robot", "s3cret")
    with pytest.raises(Unauthorized):
        _clone(bench, app, {"path": "src"})
    bench.credentials.by_url[app] = BasicAuth("robot", "s3cret")

    _clone(bench, app, {"path": "src"})

    assert "src/app.yaml" in bench.files()
    stored = [path.read_bytes() for path in bench.workdir.rglob("*") if path.is_file()]
    stored += [path.read_bytes() for path in bench.git.mirrors_dir.rglob("*") if path.is_file()]
    assert not [text for text in stored if b"s3cret" in text]


def test_checks_out_submodules_when_asked_to(bench, git_server, app):
    git_server.create("lib", {"lib.txt": "lib"})
    modules = f'[submodule "lib"]\n\tpath = lib\n\turl = {git_server.url("lib")}\n'
    git_server.commit("app", {".gitmodules": modules}, "Sub", submodules={"lib": git_server.head("lib")})

    _clone(bench, app, {"path": "without"})
    _clone(bench, app, {"path": "with"}, recurseSubmodules=True, blobless=True)

    assert "with/lib/lib.txt" in bench.files()
    assert "without/lib/lib.txt" not in bench.files()


@pytest.fixture
def tls_app(git_server, tmp_path):
    """The server behind a certificate nobody vouches for; the repository `app` in it."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    subprocess.run([*command.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    git_server._server.socket = context.wrap_socket(git_server._server.socket, server_side=True)
    git_server.create("app", {"app.yaml": "v: 1\n"})
    return git_server.url("app").replace("http://", "https://")


def test_a_certificate_that_may_be_anybodys_is_trusted_later_on_too(bench, git_server, tls_app):
    with pytest.raises(Unreachable, match="certificate"):
        _clone(bench, tls_app, {"path": "src", "branch": "main"})

    _clone(bench, tls_app, {"path": "src", "branch": "main"}, insecureSkipTLSVerify=True)
    bench.write("src/app.yaml", "v: 2\n")
    commit = bench.run("git-commit", {"path": "src", "message": "Two"}).output["commit"]
    bench.run("git-push", {"path": "src"})

    assert git_server.head("app") == commit


def test_stops_when_asked_to(bench, app):
    bench.should_stop = lambda: True

    with pytest.raises(Aborted):
        _clone(bench, app, {"path": "src"})


@pytest.mark.parametrize(
    ("checkouts", "config", "message"),
    [
        ([{"path": "a", "branch": "x", "tag": "y"}], {}, "at most one of branch, commit and tag"),
        ([{"path": "a", "branch": None}], {}, "branch: must be a string, got null"),
        ([{"path": "a", "sparse": []}], {}, "sparse: must have at least 1 item"),
        ([{"path": "a", "sparse": [""]}], {}, r"sparse\[0\]: must not be empty"),
        ([{"path": "a", "as": "x"}, {"path": "b", "as": "x"}], {}, r'duplicate checkout alias "x" at checkout\[1\]'),
        ([{"path": "a"}], {"author": {"name": "A"}}, "author.email: is required"),
        ([{"path": "a"}], {"author": {"name": "A", "email": "nobody"}}, "author.email: must be an e-mail address"),
        ([{"path": "a"}], {"author": {"name": "A", "email": "A <a@b> c"}}, "author.email: must be an e-mail address"),
        ([{"path": "a"}], {"author": {"name": "A", "email": "<>"}}, "author.email: must be an e-mail address"),
        ([{"path": "a"}], {"author": None}, "author: must be a map, got null"),
    ],
)
def test_refuses_a_config_that_contradicts_itself(bench, app, checkouts, config, message):
    with pytest.raises(StepFailed, match=message):
        _clone(bench, app, *checkouts, **config)
