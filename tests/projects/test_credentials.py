import pytest
from django.utils import timezone

from integrations.credentials import BasicAuth, SshKey, Token
from projects.actors import OPERATOR
from projects.credentials import (
    delete_credential,
    find_credential,
    find_secret,
    list_secret_texts,
    set_credential,
)
from projects.encryption import SecretUnreadable
from projects.errors import DomainError
from projects.models import AuditEntry, Credential
from tests.factories import make_project

pytestmark = pytest.mark.django_db

URL = "https://git.example.com/team/app.git"


def put(project, name, text="s3cret-value", **fields):
    values = {
        "kind": "git",
        "repo_url": URL,
        "username": "bot",
        "secrets": {"password": text},
        "now": timezone.now(),
    }
    return set_credential(OPERATOR, project=project, name=name, **{**values, **fields})


def test_finds_the_credential_of_a_repository_however_its_url_is_spelled():
    project = make_project()
    put(project, "app")

    found = find_credential(project, "git", "https://GIT.example.com/team/app/")

    assert found == BasicAuth("bot", "s3cret-value")


def test_finds_nothing_for_other_repositories_kinds_and_projects():
    project = make_project()
    put(project, "app")

    assert find_credential(project, "git", "https://git.example.com/team/other.git") is None
    assert find_credential(project, "image", URL) is None
    assert find_credential(make_project("bank"), "git", URL) is None


def test_the_projects_own_comes_before_a_shared_one():
    project = make_project()
    put(None, "a-shared", "shared")
    put(project, "z-own", "own", repo_url="^https://git[.]example[.]com/", repo_url_is_regex=True)

    assert find_credential(project, "git", URL) == BasicAuth("bot", "own")
    assert find_credential(make_project("bank"), "git", URL) == BasicAuth("bot", "shared")


def test_an_exact_url_comes_before_an_expression():
    project = make_project()
    put(project, "a-pattern", "by-pattern", repo_url="https://git.example.com", repo_url_is_regex=True)
    put(project, "b-exact", "by-url")

    assert find_credential(project, "git", URL) == BasicAuth("bot", "by-url")


def test_an_expression_matches_from_the_start_of_the_url_only():
    project = make_project()
    put(None, "acme", repo_url="https://git.example.com/team/.*", repo_url_is_regex=True)

    assert find_credential(project, "git", URL) == BasicAuth("bot", "s3cret-value")
    assert find_credential(project, "git", f"https://evil.example/{URL}") is None


def test_the_first_by_name_wins_among_equals():
    project = make_project()
    put(project, "b", "second")
    put(project, "a", "first")

    assert find_credential(project, "git", URL) == BasicAuth("bot", "first")


def test_images_are_found_by_their_normal_form():
    project = make_project()
    put(project, "hub", kind="image", repo_url="docker.io/library/nginx")

    assert find_credential(project, "image", "nginx") == BasicAuth("bot", "s3cret-value")


def test_plain_http_gets_no_credential_unless_allowed(settings):
    project = make_project()
    put(project, "app", repo_url="http://git.example.com/app")

    assert find_credential(project, "git", "http://git.example.com/app") is None

    settings.ALLOW_CREDENTIALS_OVER_HTTP = True
    assert find_credential(project, "git", "http://git.example.com/app") == BasicAuth("bot", "s3cret-value")


def test_reads_tokens_and_ssh_keys():
    project = make_project()
    put(project, "token", username="", repo_url="https://a.example.com/x")
    put(project, "key", repo_url="git@b.example.com:x", secrets={"sshPrivateKey": "KEY"})

    assert find_credential(project, "git", "https://a.example.com/x") == Token("s3cret-value")
    assert find_credential(project, "git", "git@b.example.com:x") == SshKey("KEY")


def test_secrets_are_stored_sealed():
    row = put(make_project(), "app")

    stored = Credential.objects.get(pk=row.pk)
    assert b"s3cret-value" not in bytes(stored.sealed)


def test_another_secret_key_cannot_read_them(settings):
    project = make_project()
    put(project, "app")
    settings.SECRET_KEY = "another key of at least fifty characters, so it is long enough"

    with pytest.raises(SecretUnreadable, match="KARGOWEB_SECRET_KEY"):
        find_credential(project, "git", URL)


def test_the_audit_log_says_who_but_not_what():
    project = make_project()
    row = put(project, "app")
    put(project, "app", "another-value")
    delete_credential(OPERATOR, row, now=timezone.now())

    entries = list(AuditEntry.objects.order_by("id"))
    assert [entry.action for entry in entries] == ["created", "changed", "deleted"]
    assert {entry.target_name for entry in entries} == {"app"}
    assert "s3cret-value" not in str([entry.facts for entry in entries])
    assert not Credential.objects.exists()


def test_an_edit_may_keep_the_stored_secret():
    project = make_project()
    put(project, "app")
    put(project, "app", username="robot", secrets=None)

    assert find_credential(project, "git", URL) == BasicAuth("robot", "s3cret-value")


def test_a_stored_secret_is_not_sent_to_another_address():
    project = make_project()
    put(project, "app")

    with pytest.raises(DomainError, match="Type its password or key again"):
        put(project, "app", repo_url="https://thief.example.com/", secrets=None)

    assert find_credential(project, "git", URL) == BasicAuth("bot", "s3cret-value")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        pytest.param({"name": "Not A Name"}, "cannot be the name", id="name"),
        pytest.param({"kind": "ftp"}, "no kind of credential", id="kind"),
        pytest.param({"repo_url": ""}, "needs the URL", id="no url"),
        pytest.param({"repo_url": "(", "repo_url_is_regex": True}, "not a regular expression", id="regex"),
        pytest.param({"secrets": {}}, "needs githubAppPrivateKey, password or sshPrivateKey", id="no secret"),
        pytest.param({"secrets": {"pin": "1"}}, '"pin" is not used', id="unknown key"),
        pytest.param({"kind": "image", "secrets": {"sshPrivateKey": "K"}}, "is not used", id="ssh for images"),
        pytest.param({"secrets": None}, "is new", id="nothing to keep"),
    ],
)
def test_refuses_what_cannot_work(fields, problem):
    name = fields.pop("name", "app")

    with pytest.raises(DomainError, match=problem):
        put(make_project(), name, **fields)

    assert not Credential.objects.exists()


def test_gives_expressions_the_texts_of_a_secret_and_an_empty_map_for_none():
    project = make_project()
    put(project, "slack", kind="generic", repo_url="", username="", secrets={"token": "xoxb"})
    put(None, "shared", kind="generic", repo_url="", username="", secrets={"key": "value"})
    put(None, "shared-git", "hidden")

    assert find_secret(project, "slack") == {"token": "xoxb"}
    assert find_secret(project, "missing") == {}
    assert find_secret(None, "shared") == {"key": "value"}
    assert find_secret(None, "shared-git") == {}


def test_lists_every_text_that_must_be_masked():
    project = make_project()
    put(project, "app", "own-secret")
    put(None, "shared", "shared-secret")
    put(make_project("bank"), "app", "strange-secret")

    assert list_secret_texts(project) == ["own-secret", "shared-secret"]
