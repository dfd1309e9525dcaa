"""Secrets at rest."""

import pytest
from django.db import connection
from django.utils import timezone

from projects.actors import OPERATOR
from projects.credentials import set_credential
from projects.encryption import SecretUnreadable, seal, unseal


@pytest.mark.parametrize("value", [{"password": "tr0ub4dor&3"}, [1, None, "ü"], "", {}])
def test_what_is_sealed_comes_back_with_the_same_key(value):
    assert unseal(seal(value, key="k"), key="k") == value


def test_the_sealed_form_shows_nothing_and_differs_each_time():
    first, second = seal("tr0ub4dor&3", key="k"), seal("tr0ub4dor&3", key="k")

    assert b"tr0ub4dor" not in first
    assert first != second


def test_another_key_is_refused_with_the_way_out():
    with pytest.raises(SecretUnreadable, match="KARGOWEB_SECRET_KEY") as refusal:
        unseal(seal("x", key="k"), key="other")

    assert "set the secret again" in str(refusal.value)


def test_a_changed_byte_is_noticed():
    sealed = bytearray(seal("x", key="k"))
    sealed[20] ^= 1

    with pytest.raises(SecretUnreadable):
        unseal(bytes(sealed), key="k")


def test_databases_that_hand_out_memory_views_are_fine():
    assert unseal(memoryview(seal("x", key="k")), key="k") == "x"


@pytest.mark.django_db
def test_no_column_of_the_database_holds_a_secret_in_the_clear():
    set_credential(
        OPERATOR, project=None, name="s", kind="generic", secrets={"value": "tr0ub4dor&3"}, now=timezone.now()
    )

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM projects_credential")
        row = [bytes(value) if isinstance(value, memoryview) else value for value in cursor.fetchone()]

    assert "tr0ub4dor" not in repr(row)
