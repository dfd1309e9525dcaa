"""Secret addresses: how they are derived, found, and lost."""

import hashlib

import pytest

from freight.models import Delivery, Receiver
from freight.receivers.addresses import find_receiver, list_configured
from projects.models import Project, ProjectConfig
from tests.factories import make_project
from tests.freight.receivers.samples import SECRET
from tests.freight.receivers.setup import configure, make_receiver, receiver, store_secret


@pytest.fixture
def project(db: None) -> Project:
    return make_project("shop")


def split(path: str) -> tuple[str, str]:
    sender, digest = path.removeprefix("/webhooks/").split("/")
    return sender, digest


def test_an_address_is_the_hash_of_project_name_and_secret(project: Project) -> None:
    path = make_receiver(project, "github")

    assert path == f"/webhooks/github/{hashlib.sha256(f'shopgithub{SECRET}'.encode()).hexdigest()}"


def test_the_site_has_no_project_in_its_addresses(db: None) -> None:
    path = make_receiver(None, "quay")

    assert path == f"/webhooks/quay/{hashlib.sha256(f'quay{SECRET}'.encode()).hexdigest()}"


@pytest.mark.parametrize("whose", ["project", "site"])
def test_a_receiver_is_found_by_its_path(project: Project, whose: str) -> None:
    owner = project if whose == "project" else None
    path = make_receiver(owner, "gitlab")

    found = find_receiver(*split(path))

    assert found is not None
    row, configured = found
    assert (row.project, row.name, configured.secret) == (owner, "gitlab", SECRET)


@pytest.mark.parametrize(
    "path", ["/webhooks/github/", "/webhooks/gitlab/{}", "/webhooks/x/{}", "/webhooks/github/{}0"]
)
def test_another_path_is_nobodys(project: Project, path: str) -> None:
    _, digest = split(make_receiver(project, "github"))

    assert find_receiver(*split(path.format(digest))) is None
    assert find_receiver("github", digest.upper()) is None


def test_the_table_does_not_give_the_address_away(project: Project) -> None:
    _, digest = split(make_receiver(project, "github"))
    assert find_receiver("github", digest)

    assert digest not in str(list(Receiver.objects.values()))


def test_a_new_secret_makes_a_new_address_and_the_old_one_is_dead(project: Project) -> None:
    old = split(make_receiver(project, "github"))
    assert find_receiver(*old)

    store_secret(project, "github-secret", "secret", "another")
    new = split(list_configured(project)[0].path)

    assert new != old
    assert find_receiver(*old) is None
    assert find_receiver(*new)


def test_a_receiver_that_is_taken_out_loses_address_and_deliveries(project: Project) -> None:
    path = split(make_receiver(project, "github"))
    found = find_receiver(*path)
    assert found
    configure(project)

    assert find_receiver(*path) is None
    assert not Receiver.objects.exists()
    assert not Delivery.objects.exists()


def test_a_receiver_may_change_its_sender(project: Project) -> None:
    old = split(make_receiver(project, "github"))
    assert find_receiver(*old)
    store_secret(project, "s", "secret")
    configure(project, {"name": "github", "gitea": {"secretRef": {"name": "s"}}})

    new = split(list_configured(project)[0].path)

    assert new[0] == "gitea"
    assert find_receiver(*new)
    assert find_receiver(*old) is None


def test_a_missing_secret_is_told_and_the_other_receivers_work(project: Project) -> None:
    store_secret(project, "wrong-key-secret", "secret-token")
    store_secret(project, "good-secret", "secret")
    configure(project, receiver("github", "missing"), receiver("github", "wrong-key"), receiver("github", "good"))

    missing, wrong_key, good = list_configured(project)

    assert 'There is no secret "missing-secret" in this project.' in missing.problem
    assert 'has no value under the key "secret"' in wrong_key.problem
    assert (missing.path, wrong_key.path, good.problem) == ("", "", "")
    assert find_receiver(*split(good.path))
    assert find_receiver("github", "") is None


def test_the_secret_of_another_project_is_not_read(project: Project) -> None:
    other = make_project("other")
    store_secret(other, "github-secret", "secret")
    store_secret(None, "github-secret", "secret")
    configure(project, receiver("github"))

    assert list_configured(project)[0].path == ""


def test_two_projects_have_receivers_of_the_same_name(project: Project) -> None:
    other = make_project("other")
    paths = [split(make_receiver(owner, "github")) for owner in (project, other)]

    for path, owner in zip(paths, (project, other), strict=True):
        found = find_receiver(*path)
        assert found
        assert found[0].project == owner


def test_an_address_that_two_receivers_share_is_nobodys(db: None) -> None:
    for name, hook in (("ab", "c"), ("a", "bc")):
        owner = make_project(name)
        store_secret(owner, f"{hook}-secret", "secret")
        configure(owner, receiver("github", hook))
    path = split(list_configured(owner)[0].path)

    assert find_receiver(*path) is None


def test_addresses_of_a_deleted_project_are_gone(project: Project) -> None:
    path = split(make_receiver(project, "github"))
    assert find_receiver(*path)

    project.delete()

    assert find_receiver(*path) is None
    assert not ProjectConfig.objects.exists()
