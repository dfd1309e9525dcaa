"""Asking a remote for its refs, and what its refusals become."""

import socket

import pytest

from integrations.credentials import BasicAuth, Token
from integrations.errors import Aborted, IntegrationError, NotFound, RateLimited, Unauthorized, Unreachable
from integrations.git.environment import Console, Place, Remote, run_git
from integrations.git.failures import is_damage
from integrations.git.remote import list_refs, parse_refs
from integrations.processes import ProcessResult

GOOD = BasicAuth("robot", "s3cret'Pass $HOME \"\\ ü")


def test_lists_branches_tags_and_the_default_branch(git_server):
    git_server.create("app", {"a.txt": "1"})
    commit = git_server.commit("app", {"b.txt": "1"}, "Env", branch="env/HEAD")
    git_server.tag("app", "light", commit=commit)
    git_server.tag("app", "v1", annotation="One", commit=commit)

    refs = list_refs(Remote(git_server.url("app")))

    assert refs.head_branch == "main"
    assert refs.head == refs.heads["main"] == git_server.head("app")
    assert refs.heads["env/HEAD"] == commit
    assert refs.tags["light"].id == refs.tags["light"].peeled == commit
    assert refs.tags["v1"].peeled == commit != refs.tags["v1"].id


def test_an_empty_repository_has_no_refs(git_server):
    git_server.create("app", {})

    refs = list_refs(Remote(git_server.url("app")))

    assert (refs.head, dict(refs.heads), dict(refs.tags)) == (None, {}, {})


def test_reads_listings_of_old_servers_without_a_symbolic_head():
    refs = parse_refs("a1\tHEAD\na1\trefs/heads/main\n")

    assert (refs.head_branch, refs.head) == (None, "a1")


def test_odd_passwords_arrive_unchanged(git_server):
    git_server.create("app", {"a.txt": "1"})
    git_server.accounts["app"] = (GOOD.username, GOOD.password)

    assert "main" in list_refs(Remote(git_server.url("app"), GOOD)).heads


def test_a_bare_token_is_sent_as_password(git_server):
    git_server.create("app", {"a.txt": "1"})
    git_server.accounts["app"] = ("x-access-token", "t0ken")

    assert "main" in list_refs(Remote(git_server.url("app"), Token("t0ken"))).heads


@pytest.mark.parametrize(
    ("credentials", "advice"),
    [
        (None, "wants credentials"),
        (BasicAuth("robot", "wrong-one"), "does not accept"),
        (BasicAuth("robot", "two\nlines"), "one line"),
    ],
    ids=["none", "wrong", "two lines"],
)
def test_refused_credentials_are_unauthorized_and_stay_secret(git_server, credentials, advice):
    git_server.create("app", {"a.txt": "1"})
    git_server.accounts["app"] = (GOOD.username, GOOD.password)

    with pytest.raises(Unauthorized, match=advice) as caught:
        list_refs(Remote(git_server.url("app"), credentials))

    assert caught.value.permanent
    assert not any(secret in str(caught.value) for secret in (credentials.secrets() if credentials else ()))


def test_a_missing_repository_is_not_found(git_server):
    with pytest.raises(NotFound, match="does not exist or is hidden"):
        list_refs(Remote(git_server.url("none")))


def test_a_closed_port_is_unreachable():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/app.git"

        with pytest.raises(Unreachable, match="no answer") as caught:
            list_refs(Remote(url))

    assert not caught.value.permanent


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, Unauthorized), (404, NotFound), (429, RateLimited), (500, Unreachable), (503, Unreachable)],
)
def test_http_errors_get_their_meaning(git_server, status, error):
    git_server.create("app", {"a.txt": "1"})
    git_server.fail_next(status)

    with pytest.raises(error):
        list_refs(Remote(git_server.url("app")))


def test_a_host_that_never_answers_is_left_when_asked_to_stop():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/app.git"

        with pytest.raises(Aborted):
            list_refs(Remote(url), console=Console(should_stop=_third_time()))


def _third_time():
    answers = iter((False, False))
    return lambda: next(answers, True)


@pytest.mark.parametrize(
    "url",
    ["ext::sh -c touch% x", "/etc", "file:///etc", "git://host/x", "--upload-pack=x", "http://", "host:path"],
)
def test_addresses_that_could_do_harm_are_refused(url):
    with pytest.raises(IntegrationError, match="cannot be used") as caught:
        list_refs(Remote(url))

    assert caught.value.permanent


def test_credentials_go_to_no_other_host(git_server):
    git_server.create("app", {"a.txt": "1"})
    git_server.accounts["app"] = (GOOD.username, GOOD.password)
    elsewhere = git_server.url("app").replace("127.0.0.1", "localhost")
    remote = Remote(git_server.url("app"), GOOD)

    result = run_git("ls-remote", elsewhere, place=Place(directory=git_server.root), remote=remote)

    assert result.exit_code != 0
    assert git_server.requests["app", "refused"] == 1


def test_a_remote_cannot_make_us_believe_our_mirror_is_damaged():
    told = ProcessResult(128, "", "remote: fatal: bad object 123\nfatal: early EOF\n")

    assert not is_damage(told)
    assert is_damage(ProcessResult(128, "", "fatal: bad object 123\n"))
