"""Config maps: texts that expressions read."""

import pytest
from django.utils import timezone

from projects.actors import OPERATOR
from projects.config_maps import MAX_BYTES, delete_config_map, find_config_map, set_config_map
from projects.errors import DomainError
from projects.models import AuditEntry, ConfigMap
from tests.factories import make_project

pytestmark = pytest.mark.django_db


def put(project, name="places", **data):
    return set_config_map(OPERATOR, project=project, name=name, data=data, now=timezone.now())


def test_a_map_is_of_its_project_or_of_all():
    project = make_project()
    put(project, region="own")
    put(None, region="shared")

    assert find_config_map(project, "places") == {"region": "own"}
    assert find_config_map(None, "places") == {"region": "shared"}
    assert find_config_map(make_project("bank"), "places") is None


def test_the_record_names_the_keys_that_changed():
    project = make_project()
    put(project, a="1", b="1")
    put(project, b="2", c="3")
    delete_config_map(OPERATOR, ConfigMap.objects.get(), now=timezone.now())

    entries = AuditEntry.objects.order_by("pk")
    assert [(entry.action, entry.facts["keys"]) for entry in entries] == [
        ("created", ["a", "b"]),
        ("changed", ["a", "b", "c"]),
        ("deleted", []),
    ]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("Not Good", {}, "cannot be the name of a config map"),
        ("good", {"a b": "x"}, "cannot be the key of a config map"),
        ("good", {"a": "x" * MAX_BYTES}, "1 MiB at most"),
    ],
)
def test_what_kubernetes_refuses_is_refused(name, data, words):
    with pytest.raises(DomainError, match=words):
        set_config_map(OPERATOR, project=make_project(), name=name, data=data, now=timezone.now())

    assert not ConfigMap.objects.exists()
