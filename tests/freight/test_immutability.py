"""What freight is made of never changes: the database itself refuses it, whoever asks."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from freight.models import Artifact, Freight
from tests.factories import make_freight, make_project, make_warehouse

pytestmark = pytest.mark.django_db


@pytest.fixture
def freight():
    return make_freight(make_warehouse(make_project()))


@pytest.mark.parametrize(
    "change",
    [
        {"name": "0" * 40},
        {"warehouse_name": "other"},
        {"discovered_at": timezone.now()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_identity_and_origin_stay(freight, change):
    with pytest.raises(DatabaseError, match="freight_immutable"), transaction.atomic():
        Freight.objects.filter(pk=freight.pk).update(**change)

    before = freight.name, freight.warehouse_name, freight.discovered_at
    freight.refresh_from_db()
    assert (freight.name, freight.warehouse_name, freight.discovered_at) == before


def test_freight_does_not_move_to_another_project(freight):
    with pytest.raises(DatabaseError, match="freight_immutable"), transaction.atomic():
        Freight.objects.filter(pk=freight.pk).update(project=make_project("other"))


@pytest.mark.parametrize("field", ["tag", "digest", "repo_url", "commit_id", "version", "position", "metadata"])
def test_artifacts_never_change(freight, field):
    value = {"position": 7, "metadata": {"a": 1}}.get(field, "other")

    with pytest.raises(DatabaseError, match="freight_immutable"), transaction.atomic():
        Artifact.objects.filter(freight=freight).update(**{field: value})


def test_plain_sql_is_refused_too(freight):
    with (
        pytest.raises(DatabaseError, match="freight_immutable"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE freight_freight SET name = 'x' WHERE id = %s", [freight.pk])


def test_alias_labels_and_metadata_may_change(freight):
    changes = {"alias": "new-name", "labels": {"a": "b"}, "annotations": {"c": "d"}, "metadata": {"e": 1}}

    Freight.objects.filter(pk=freight.pk).update(**changes)

    freight.refresh_from_db()
    assert {name: getattr(freight, name) for name in changes} == changes


def test_a_write_that_changes_nothing_passes(freight):
    freight.refresh_from_db()

    freight.save()

    assert Freight.objects.get().name == freight.name


def test_freight_outlives_its_warehouse(freight):
    freight.warehouse.delete()

    freight.refresh_from_db()
    assert (freight.warehouse, freight.warehouse_name, freight.origin) == (None, "main", "Warehouse/main")


def test_freight_can_be_deleted_with_its_artifacts(freight):
    freight.delete()

    assert not Artifact.objects.exists()
