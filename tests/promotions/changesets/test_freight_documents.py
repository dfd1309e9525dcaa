import pytest
from django.utils import timezone

from freight.models import Freight
from projects.actors import OPERATOR
from projects.documents import SourceText
from promotions.changesets import apply_changes, plan_changes
from tests.factories import make_project, make_warehouse

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def plan(text):
    return plan_changes([SourceText("f.yaml", text)])


def apply(text):
    change_set = plan(text)
    apply_changes(OPERATOR, change_set, now=NOW)
    return [str(change) for change in change_set.changes]


FREIGHT = """\
apiVersion: kargo.akuity.io/v1alpha1
kind: Freight
metadata: {name: 0123456789abcdef0123456789abcdef01234567, namespace: shop}
alias: brave-bear
origin: {kind: Warehouse, name: main}
images: [{repoURL: ghcr.io/example/app, tag: v1.2.3, digest: 'sha256:%s'}]
""" % ("a" * 64)


def test_freight_is_made_under_its_computed_name():
    make_warehouse(make_project())
    change_set = plan(FREIGHT)

    apply_changes(OPERATOR, change_set, now=NOW)

    freight = Freight.objects.get()
    assert freight.alias == "brave-bear"
    assert change_set.changes[0].name == freight.name != "0123456789abcdef0123456789abcdef01234567"
    assert freight.name in change_set.warnings[0].message
    assert freight.artifacts.get().tag == "v1.2.3"
    assert plan(FREIGHT.replace("0123456789abcdef0123456789abcdef01234567", freight.name)).is_empty


def test_the_alias_of_freight_may_change():
    make_warehouse(make_project())
    apply(FREIGHT)

    lines = apply(FREIGHT.replace("brave-bear", "calm-cat"))

    assert lines[0].endswith(" updated")
    assert Freight.objects.get().alias == "calm-cat"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: main", "name: mian", 'Freight comes from Warehouse "mian", which does not exist.'),
        ("ghcr.io/example/app", "ghcr.io/example/other", "no artifact found for the subscription"),
        ("images:", "charts:", "no longer"),
    ],
    ids=["warehouse", "subscription", "field"],
)
def test_freight_must_fit_its_warehouse(old, new, message):
    make_warehouse(make_project())

    errors = plan(FREIGHT.replace(old, new)).errors

    assert errors
    if message != "no longer":
        assert message in errors[0].message


def test_an_alias_is_used_once_in_a_project():
    make_warehouse(make_project())
    apply(FREIGHT)

    (error,) = plan(FREIGHT.replace("v1.2.3", "v1.2.4")).errors

    assert error.message == 'The alias "brave-bear" is taken in project "shop".'
