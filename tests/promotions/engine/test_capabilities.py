"""The real things that steps may reach: the push queue of a branch, credentials, metadata, freight."""

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.errors import Aborted
from projects.actors import OPERATOR
from projects.config_maps import set_config_map
from projects.credentials import set_credential
from projects.leases import claim
from projects.models import Credential
from promotions.engine import read_site
from promotions.engine.capabilities import (
    CollectionFreight,
    ProjectCredentials,
    ProjectLookups,
    ProjectMetadata,
    SiteGit,
    grant,
    list_doubts,
    load_masker,
)
from promotions.engine.masking import MASK, Masker
from promotions.models import Promotion, PushLock
from promotions.steps.capabilities import Capabilities
from promotions.steps.registry import list_steps
from tests.factories import make_freight, make_project, make_promotion, make_stage, make_warehouse
from tests.promotions.driving import MINUTE, in_thread, promote, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

URL = "https://git.example.com/app.git"


def go_on():
    return False


def test_pushes_to_one_branch_wait_for_each_other():
    git, inside, most = SiteGit(read_site()), [], []

    def push():
        with git.push_lock(URL, "main", should_stop=go_on):
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    threads = [in_thread(push) for _ in range(4)]
    for thread in threads:
        thread.join()

    assert most == [1, 1, 1, 1]
    assert PushLock.objects.count() == 1


def test_other_branches_and_repositories_do_not_wait():
    git = SiteGit(read_site())

    with (
        git.push_lock(URL, "main", should_stop=go_on),
        git.push_lock(URL, "other", should_stop=go_on),
        git.push_lock("https://git.example.com/other.git", "main", should_stop=go_on),
    ):
        assert PushLock.objects.filter(lease_token__isnull=False).count() == 3


def test_two_spellings_of_one_repository_are_one_queue():
    git = SiteGit(read_site())
    for url in (URL, "https://git.example.com/app", "https://GIT.example.com/app.git/"):
        with git.push_lock(url, "main", should_stop=go_on):
            pass

    assert PushLock.objects.count() == 1


def test_who_is_asked_to_stop_leaves_the_queue():
    git, stop, ended = SiteGit(read_site()), threading.Event(), []

    def push():
        try:
            with git.push_lock(URL, "main", should_stop=stop.is_set):
                ended.append("pushed")
        except Aborted as error:
            ended.append(str(error))

    with git.push_lock(URL, "main", should_stop=go_on):
        waiting = in_thread(push)
        stop.set()
        wait_until(lambda: ended)
    waiting.join()

    assert ended == ['Stopped while waiting for other pushes to "main"']


def test_the_lock_of_a_dead_worker_ends_with_its_lease():
    git = SiteGit(read_site())
    with git.push_lock(URL, "main", should_stop=go_on):
        pass
    assert claim(PushLock, PushLock.objects.get().pk, now=timezone.now() - MINUTE, length=timedelta(seconds=30))

    with git.push_lock(URL, "main", should_stop=go_on):
        assert PushLock.objects.get().lease_until > timezone.now()


def test_a_failed_push_gives_the_branch_back():
    git = SiteGit(read_site())

    with pytest.raises(ValueError, match="refused"), git.push_lock(URL, "main", should_stop=go_on):
        raise ValueError("refused")

    assert PushLock.objects.get().lease_token is None


def test_a_credential_that_was_handed_out_is_masked_from_then_on():
    project, masker = make_project(), Masker()
    set_credential(
        OPERATOR,
        project=project,
        name="app",
        kind="git",
        repo_url=URL,
        username="robot",
        secrets={"password": "tr0ub4dor&3"},
        now=timezone.now(),
    )
    assert masker.text("tr0ub4dor&3") == "tr0ub4dor&3"

    assert ProjectCredentials(project, masker).find("git", URL) is not None

    assert masker.text("tr0ub4dor&3") == MASK


def test_a_pass_knows_the_secrets_of_its_project_and_the_shared_ones_but_no_others():
    project, other = make_project(), make_project("other")
    for owner, text in ((project, "ours-1234"), (None, "shared-1234"), (other, "theirs-1234")):
        secrets = {"value": text}
        set_credential(OPERATOR, project=owner, name="s", kind="generic", secrets=secrets, now=timezone.now())

    masked = load_masker(project, read_site()).text("ours-1234 shared-1234 theirs-1234")

    assert masked == f"{MASK} {MASK} theirs-1234"


def test_a_secret_that_is_changed_during_the_pass_is_masked_too():
    project = make_project()
    masker = load_masker(project, read_site())
    secrets = {"value": "new-1234"}
    set_credential(OPERATOR, project=project, name="s", kind="generic", secrets=secrets, now=timezone.now())

    assert ProjectLookups(project, masker).secret("s") == secrets
    assert masker.text("it is new-1234") == f"it is {MASK}"


def test_lookups_read_the_project_only():
    project, other = make_project(), make_project("other")
    set_credential(OPERATOR, project=other, name="s", kind="generic", secrets={"value": "x"}, now=timezone.now())
    make_stage(other, "uat", warehouse=make_warehouse(other), metadata={"a": 1})
    lookups = ProjectLookups(project, Masker())

    assert lookups.secret("s") is None
    assert lookups.shared_secret("s") is None
    assert lookups.stage_metadata("uat") is None
    assert ProjectLookups(other, Masker()).stage_metadata("uat") == {"a": 1}


def test_freight_tells_where_it_is_and_was_verified():
    project = make_project()
    warehouse = make_warehouse(project)
    stage = make_stage(project, "uat", warehouse=warehouse, steps=[{"uses": "compose-output", "config": {"a": 1}}])
    freight = make_freight(warehouse)
    promote(stage, freight)

    status = ProjectLookups(project, Masker()).freight_status(freight.name)

    assert list(status["currentlyIn"]) == list(status["verifiedIn"]) == ["uat"]
    assert status["approvedFor"] == {}


def test_metadata_written_at_once_is_all_kept():
    project = make_project()
    stage = make_stage(project, "uat", warehouse=make_warehouse(project))
    metadata, together = ProjectMetadata(project), threading.Barrier(4)

    def merge(number):
        together.wait()
        metadata.merge("Stage", "uat", {f"k{number}": number})

    threads = [in_thread(merge, number) for number in range(4)]
    for thread in threads:
        thread.join()

    stage.refresh_from_db()
    assert stage.metadata == {f"k{number}": number for number in range(4)}
    with pytest.raises(LookupError, match='Freight "gone" does not exist in project "shop"'):
        metadata.merge("Freight", "gone", {})


def test_references_are_sorted_by_origin_whatever_order_the_database_keeps():
    project = make_project()
    names = ("b", "a-much-longer-name", "ccc")
    warehouses = [make_warehouse(project, name) for name in names]
    stage = make_stage(project, warehouse=warehouses)
    freight = [make_freight(warehouse) for warehouse in warehouses]
    collection = {
        f.origin: {"name": f.name, "origin": {"kind": "Warehouse", "name": f.warehouse_name}} for f in freight
    }
    made = make_promotion(stage, freight[0], collection=collection)

    references = CollectionFreight(Promotion.objects.get(pk=made.pk), stage).list_references()

    assert [reference.origin for reference in references] == [f"Warehouse/{name}" for name in sorted(names)]


@pytest.mark.parametrize("step", list_steps(), ids=lambda step: step.kind)
def test_a_step_is_given_what_it_asks_for_and_nothing_else(step):
    project = make_project()
    warehouse = make_warehouse(project)
    stage = make_stage(project, warehouse=warehouse)
    promotion = make_promotion(stage, make_freight(warehouse))

    given = grant(step, promotion, stage, site=read_site(), masker=Masker(), http=object())

    named = {name for name in given.__dataclass_fields__ if getattr(given, name) is not None}
    assert named == set(step.needs)


def test_config_maps_are_read_from_the_project_and_from_what_is_shared():
    project = make_project()
    for owner, region in ((project, "own"), (None, "shared")):
        set_config_map(OPERATOR, project=owner, name="places", data={"region": region}, now=timezone.now())
    lookups = ProjectLookups(project, Masker())

    assert lookups.config_map("places") == {"region": "own"}
    assert lookups.shared_config_map("places") == {"region": "shared"}
    assert lookups.config_map("nope") is lookups.shared_config_map("nope") is None


def test_only_work_leaves_a_mark_of_use():
    project = make_project()
    set_credential(OPERATOR, project=project, name="s", kind="generic", secrets={"value": "x"}, now=timezone.now())

    ProjectLookups(project, Masker(), is_work=False).secret("s")
    assert Credential.objects.get().last_used_at is None
    ProjectLookups(project, Masker()).secret("s")
    assert Credential.objects.get().last_used_at is not None


def test_a_step_that_was_refused_hears_of_the_expired_credential():
    project, yesterday = make_project(), timezone.now().date() - timedelta(days=1)
    set_credential(
        OPERATOR,
        project=project,
        name="bot",
        kind="git",
        repo_url=URL,
        secrets={"password": "x"},
        expires_on=yesterday,
        now=timezone.now(),
    )
    credentials = ProjectCredentials(project, Masker())

    credentials.find("git", URL)
    credentials.find("git", URL)

    (doubt,) = list_doubts(Capabilities(credentials=credentials))
    assert doubt.startswith(f'The credential "bot" expired on {yesterday}')
    assert list_doubts(Capabilities()) == ()
