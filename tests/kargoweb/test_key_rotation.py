"""Rotation of the key: everything that is sealed is sealed again, and nothing is lost on the way."""

import pytest
from click.testing import CliRunner
from django.apps import apps
from django.db.models import BinaryField
from django.utils import timezone

from kargoweb.cli.main import main
from kargoweb.key_rotation import SEALED, rotate_all
from projects.actors import OPERATOR
from projects.credentials import find_secret, set_credential
from projects.encryption import SecretUnreadable, seal, unseal
from projects.models import AuditEntry, Credential
from promotions.models import Promotion
from tests.factories import make_freight, make_project, make_promotion, make_stage, make_warehouse

pytestmark = pytest.mark.django_db

NEW = "a new key of at least fifty characters, so that it is long enough for us"


def put(project, name="bot", text="tr0ub4dor&3"):
    return set_credential(
        OPERATOR, project=project, name=name, kind="generic", secrets={"value": text}, now=timezone.now()
    )


@pytest.fixture
def rotated(settings):
    """The site after its key was changed, the old one still known."""
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = NEW


def test_an_older_key_still_opens_what_it_sealed(settings):
    project, old = make_project(), settings.SECRET_KEY
    put(project)
    settings.SECRET_KEY = NEW
    with pytest.raises(SecretUnreadable, match="KARGOWEB_OLD_SECRET_KEYS"):
        find_secret(project, "bot")

    settings.SECRET_KEY_FALLBACKS = ["some other key", old]

    assert find_secret(project, "bot") == {"value": "tr0ub4dor&3"}


def test_after_the_rotation_only_the_new_key_is_needed(settings):
    project, old = make_project(), settings.SECRET_KEY
    put(project)
    warehouse = make_warehouse(project)
    promotion = make_promotion(make_stage(project, warehouse=warehouse), make_freight(warehouse))
    Promotion.objects.filter(pk=promotion.pk).update(sealed_state=seal({"a": 1}, key=old), snapshot="1-a/0000-0")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [old]

    results = {result.what: result for result in rotate_all(OPERATOR)}

    settings.SECRET_KEY_FALLBACKS = []
    assert find_secret(project, "bot") == {"value": "tr0ub4dor&3"}
    promotion.refresh_from_db()
    assert unseal(promotion.sealed_state, key=NEW) == {"a": 1}
    assert promotion.snapshot == ""
    assert (results["credentials"].sealed_again, results["promotions"].sealed_again) == (1, 1)
    assert AuditEntry.objects.get(action="rotated").facts["credentials"] == 1


def test_a_second_run_has_nothing_to_do(settings):
    put(make_project())
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [settings.SECRET_KEY]
    rotate_all(OPERATOR)
    before = bytes(Credential.objects.get().sealed)

    assert [result.sealed_again for result in rotate_all(OPERATOR)] == [0] * len(SEALED)
    assert bytes(Credential.objects.get().sealed) == before


def test_what_no_key_opens_is_named_and_the_rest_is_done(rotated):
    project = make_project()
    Credential.objects.create(project=project, name="lost", kind="generic", sealed=seal({}, key="nobody knows it"))
    put(project)

    answer = CliRunner().invoke(main, ["rotate-key"])

    assert answer.exit_code == 1
    assert "lost cannot be read with any known key" in answer.output
    assert "KARGOWEB_OLD_SECRET_KEYS" in answer.output
    assert find_secret(project, "bot") == {"value": "tr0ub4dor&3"}


def test_the_command_says_what_it_did(rotated, settings):
    settings.SECRET_KEY, new = settings.SECRET_KEY_FALLBACKS[0], settings.SECRET_KEY
    put(make_project())
    settings.SECRET_KEY = new

    answer = CliRunner().invoke(main, ["rotate-key"])

    assert answer.exit_code == 0
    assert "credentials: 1 sealed again" in answer.output


def test_no_column_that_may_be_sealed_is_forgotten():
    columns = {
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, BinaryField)
    }

    assert columns == {(model, column) for model, column, _ in SEALED}
