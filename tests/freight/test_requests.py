import pytest
from django.utils import timezone

from freight.errors import FreightInUse
from freight.models import Freight, Warehouse
from freight.requests import assemble_freight, delete_freight, rename_alias, request_refresh
from projects.actors import OPERATOR, controller
from projects.errors import DomainError
from projects.models import AuditEntry
from promotions.models import Occupancy
from tests.factories import IMAGE, make_freight, make_project, make_stage, make_warehouse

pytestmark = pytest.mark.django_db

DIGEST = "sha256:" + "a" * 64


def found(*tags):
    return [{"tag": tag, "digest": DIGEST, "annotations": {}} for tag in tags]


def test_a_refresh_wakes_a_worker_after_the_commit(django_capture_on_commit_callbacks):
    warehouse = make_warehouse(make_project())
    now = timezone.now()

    with django_capture_on_commit_callbacks() as callbacks:
        request_refresh(OPERATOR, warehouse, now=now)

    warehouse.refresh_from_db()
    assert (warehouse.due_at, warehouse.refresh_requested_at) == (now, now)
    assert len(callbacks) == 1
    assert AuditEntry.objects.get().action == "refreshed"


def test_a_refresh_by_a_webhook_leaves_no_audit_entry():
    warehouse = make_warehouse(make_project())

    request_refresh(controller("receiver"), warehouse, now=timezone.now())

    assert Warehouse.objects.get().refresh_requested_at is not None
    assert not AuditEntry.objects.exists()


def test_renames_freight():
    freight = make_freight(make_warehouse(make_project()), alias="old-otter")

    rename_alias(OPERATOR, freight, "Release-1.0")

    assert Freight.objects.get().alias == freight.alias == "Release-1.0"
    assert AuditEntry.objects.get().facts == {"name": freight.name, "from": "old-otter", "to": "Release-1.0"}


def test_an_alias_belongs_to_one_freight_of_a_project():
    warehouse = make_warehouse(make_project())
    holder = make_freight(warehouse, alias="wise-owl")
    freight = make_freight(warehouse, alias="old-otter")

    with pytest.raises(DomainError, match=f'"wise-owl" belongs to freight {holder.name[:7]}'):
        rename_alias(OPERATOR, freight, "wise-owl")

    freight.refresh_from_db()
    assert freight.alias == "old-otter"


def test_a_rename_by_somebody_else_meanwhile_is_noticed():
    freight = make_freight(make_warehouse(make_project()), alias="old-otter")
    Freight.objects.update(alias="new-newt")

    with pytest.raises(DomainError, match="renamed or deleted meanwhile"):
        rename_alias(OPERATOR, freight, "wise-owl")


@pytest.mark.parametrize("alias", ["", "-owl", "two words", "x" * 64, "a" * 40, "owl/1"])
def test_refuses_what_cannot_be_an_alias(alias):
    freight = make_freight(make_warehouse(make_project()), alias="old-otter")

    with pytest.raises(DomainError, match="cannot be an alias"):
        rename_alias(OPERATOR, freight, alias)


def test_assembles_freight_of_chosen_versions():
    warehouse = make_warehouse(make_project())
    warehouse.subscriptions.update(found=found("2.0.0", "1.0.0"))

    freight, created = assemble_freight(
        OPERATOR, warehouse, {0: f"1.0.0@{DIGEST}"}, now=timezone.now(), alias="wise-owl"
    )

    assert created
    assert (freight.alias, freight.artifacts.get().tag) == ("wise-owl", "1.0.0")
    assert freight.created_by == "admin"


def test_takes_the_best_version_where_none_is_chosen():
    warehouse = make_warehouse(make_project())
    warehouse.subscriptions.update(found=found("2.0.0", "1.0.0"))

    freight, _ = assemble_freight(OPERATOR, warehouse, {}, now=timezone.now())

    assert freight.artifacts.get().tag == "2.0.0"


@pytest.mark.parametrize("tags", [[], ["2.0.0"]])
def test_refuses_to_assemble_what_is_not_listed_any_more(tags):
    warehouse = make_warehouse(make_project())
    warehouse.subscriptions.update(found=found(*tags))

    with pytest.raises(DomainError, match=f"found for image {IMAGE}. Refresh the warehouse"):
        assemble_freight(OPERATOR, warehouse, {0: f"1.0.0@{DIGEST}"}, now=timezone.now())


def test_deletes_freight_that_no_stage_holds():
    freight = make_freight(make_warehouse(make_project()), alias="old-otter")

    delete_freight(OPERATOR, freight, now=timezone.now())

    assert not Freight.objects.exists()
    assert AuditEntry.objects.get().action == "deleted"


def test_refuses_to_delete_freight_that_a_stage_holds():
    project = make_project()
    freight = make_freight(make_warehouse(project), alias="old-otter")
    stage = make_stage(project)
    Occupancy.objects.create(stage=stage, origin=freight.origin, freight=freight, since=timezone.now())

    with pytest.raises(FreightInUse, match='Freight "old-otter" cannot be deleted'):
        delete_freight(OPERATOR, freight, now=timezone.now())

    assert Freight.objects.get() == freight
    assert not AuditEntry.objects.exists()
