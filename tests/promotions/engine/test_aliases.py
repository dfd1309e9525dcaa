"""Aliases of freight as a step sets them: by the domain's rules, and recorded."""

import pytest

from projects.models import AuditEntry
from promotions.engine.aliases import ProjectAliases
from tests.factories import make_freight, make_project, make_promotion, make_stage, make_warehouse

pytestmark = pytest.mark.django_db


@pytest.fixture
def freight():
    return make_freight(make_warehouse(make_project("shop")), alias="fine-fox")


@pytest.fixture
def aliases(freight):
    stage = make_stage(freight.project, "uat")
    return ProjectAliases(make_promotion(stage, freight))


def test_renames_and_records_it_as_the_deed_of_the_promotion(aliases, freight):
    assert aliases.rename(freight.name, "release-7") == "fine-fox"

    freight.refresh_from_db()
    assert freight.alias == "release-7"
    entry = AuditEntry.objects.get(action="renamed")
    assert entry.actor_name.startswith("promotion/uat.")


def test_the_same_alias_again_is_no_change(aliases, freight):
    assert aliases.rename(freight.name, "fine-fox") == "fine-fox"
    assert not AuditEntry.objects.filter(action="renamed").exists()


def test_freight_of_other_projects_does_not_exist(aliases):
    other = make_freight(make_warehouse(make_project("other")))

    with pytest.raises(LookupError):
        aliases.rename(other.name, "mine-now")


@pytest.mark.parametrize("alias", ["old-owl", "with blank", "a" * 40])
def test_rules_for_aliases_hold(aliases, freight, alias):
    make_freight(freight.warehouse, alias="old-owl")

    with pytest.raises(ValueError, match=r"old-owl|cannot be an alias"):
        aliases.rename(freight.name, alias)
