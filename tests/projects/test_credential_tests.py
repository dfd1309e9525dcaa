"""Tests of credentials against real servers: what the host answers and what helps."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.loopback.git_server import GitServer
from integrations.loopback.oci_faults import OciAccess
from integrations.loopback.oci_registry import OciRegistry
from projects.actors import OPERATOR
from projects.credential_tests import request_test, run_test
from projects.credentials import set_credential
from projects.errors import DomainError
from projects.models import AuditEntry, Change, Credential, CredentialTest
from projects.tasks import tick
from tests.factories import make_project

pytestmark = pytest.mark.django_db

SECRET = "s3cret-value"


@pytest.fixture(autouse=True)
def loopback(settings):
    settings.ALLOW_CREDENTIALS_OVER_HTTP = True


@pytest.fixture(scope="module")
def git(tmp_path_factory):
    server = GitServer(tmp_path_factory.mktemp("git"), accounts={"private": ("bot", SECRET)})
    server.create("private", {"a": "1"})
    server.create("open", {"a": "1"})
    server.start()
    yield server
    server.stop()


def put(project, url, *, password=SECRET, kind="git", **fields):
    return set_credential(
        OPERATOR,
        project=project,
        name="bot",
        kind=kind,
        repo_url=url,
        username="bot",
        secrets={"password": password},
        now=timezone.now(),
        **fields,
    )


def try_out(row, url=""):
    test = request_test(OPERATOR, row, repo_url=url, now=timezone.now())
    run_test(test.pk)
    return CredentialTest.objects.get(pk=test.pk)


def test_a_credential_that_is_let_in_passes(git):
    test = try_out(put(make_project(), git.url("private")))

    assert test.phase == "Passed"
    assert "It was let in: 1 branches, 0 tags." in test.said
    assert test.finished_at is not None
    assert test.due_at is None
    assert test.lease_token is None


def test_an_open_repository_proves_nothing(git):
    test = try_out(put(make_project(), git.url("open")))

    assert test.phase == "Passed"
    assert "Anybody may read this repository" in test.remedy


def test_a_refusal_has_the_hosts_answer_and_the_remedy_and_no_secret(git):
    test = try_out(put(make_project(), git.url("private"), password="wrong-secret"))

    assert test.phase == "Failed"
    assert "wrong-secret" not in test.said + test.remedy
    assert "Make a new token" in test.remedy


def test_an_expired_credential_is_named_as_the_first_suspect(git):
    yesterday = timezone.now().date() - timedelta(days=1)

    test = try_out(put(make_project(), git.url("private"), password="old", expires_on=yesterday))

    assert test.remedy.startswith(f"It expired on {yesterday}")


def test_a_host_that_does_not_answer_is_told():
    test = try_out(put(make_project(), "http://127.0.0.1:9/app"))

    assert test.phase == "Failed"
    assert "that this site may reach it" in test.remedy


def test_a_registry_is_asked_for_the_tags():
    access = OciAccess(mode="bearer", username="bot", password=SECRET)
    with OciRegistry(access=access) as registry:
        registry.push_image("acme/app", "1.0")
        project = make_project()

        good = try_out(put(project, f"{registry.host}/acme/app", kind="image"))
        bad = try_out(put(project, f"{registry.host}/acme/app", kind="image", password="wrong-secret"))

    assert (good.phase, good.said) == ("Passed", "It was let in: 1 tags.")
    assert bad.phase == "Failed"


def test_an_expression_needs_a_repository_that_it_matches(git):
    row = put(make_project(), f"{git.base_url}/.*", repo_url_is_regex=True)

    with pytest.raises(DomainError, match="give the URL of one repository"):
        request_test(OPERATOR, row, repo_url="", now=timezone.now())
    assert try_out(row, git.url("private")).phase == "Passed"


@pytest.mark.parametrize("url", ["https://thief.example/private", "http://127.0.0.1:1/private"])
def test_a_secret_goes_nowhere_else(git, url):
    row = put(make_project(), git.url("private"))

    with pytest.raises(DomainError, match="is not for"):
        request_test(OPERATOR, row, repo_url=url, now=timezone.now())

    assert not CredentialTest.objects.exists()


def test_what_was_changed_since_is_not_tried_at_the_old_address(git):
    row = put(make_project(), git.url("private"))
    test = request_test(OPERATOR, row, repo_url="", now=timezone.now())
    put(row.project, git.url("open"))

    run_test(test.pk)

    assert CredentialTest.objects.get().phase == "Failed"
    assert "is not for" in CredentialTest.objects.get().said


def test_one_test_at_a_time_and_the_last_ten_are_kept(git):
    row = put(make_project(), git.url("open"))
    request_test(OPERATOR, row, repo_url="", now=timezone.now())
    with pytest.raises(DomainError, match="A test of this credential is running"):
        request_test(OPERATOR, row, repo_url="", now=timezone.now())

    for _ in range(12):
        CredentialTest.objects.update(phase="Passed", due_at=None)
        request_test(OPERATOR, row, repo_url="", now=timezone.now())

    assert row.tests.count() == 10


def test_pages_hear_of_it_and_it_is_on_record(git):
    try_out(put(make_project(), git.url("open")))

    assert Change.objects.filter(topic="credential:bot").count() == 3 or not Change.objects.exists()
    entry = AuditEntry.objects.get(action="tested")
    assert (entry.target_kind, entry.target_name) == ("Credential", "bot")


def test_a_second_worker_leaves_it_alone(git):
    row = put(make_project(), git.url("open"))
    test = request_test(OPERATOR, row, repo_url="", now=timezone.now())
    CredentialTest.objects.update(due_at=None, lease_until=timezone.now() + timedelta(minutes=1))

    run_test(test.pk)

    assert CredentialTest.objects.get().phase == "Pending"


def test_the_tick_finds_what_no_wake_up_told_of(git):
    request_test(OPERATOR, put(make_project(), git.url("open")), repo_url="", now=timezone.now())

    tick()

    assert Credential.objects.get().tests.count() == 1


def test_a_generic_secret_cannot_be_tried():
    row = set_credential(
        OPERATOR, project=make_project(), name="g", kind="generic", secrets={"a": "b"}, now=timezone.now()
    )

    with pytest.raises(DomainError, match="nothing to try it at"):
        request_test(OPERATOR, row, repo_url="https://x.example", now=timezone.now())
