"""The programs that render manifests, as the doctor sees them."""

from datetime import UTC, datetime

import pytest

from kargoweb.doctor import State, examine

pytestmark = pytest.mark.django_db


def find(name):
    return next(finding for finding in examine(now=datetime.now(UTC)) if finding.name == name)


@pytest.mark.parametrize("name", ["kustomize", "helm"])
def test_tells_version_and_place_of_a_program(name):
    found = find(name)

    assert found.state is State.OK
    assert f"/{name}" in found.evidence
    assert "v" in found.evidence.split(" at ")[0]


@pytest.mark.parametrize("name", ["kustomize", "helm"])
def test_a_missing_program_is_a_warning_with_its_remedy(settings, name):
    setattr(settings, name.upper(), "/nowhere/program")

    found = find(name)

    assert found.state is State.WARNING
    assert found.evidence == f'KARGOWEB_{name.upper()} names "/nowhere/program", which is no program that runs here'
    assert f"install {name}" in found.remedy
