"""Deleting what is not there is fine, unless it is asked to be strict; every other trouble is an error."""

import pytest

from promotions.phases import Phase
from tests.promotions.driving import run_steps

pytestmark = pytest.mark.django_db(transaction=True)


def delete(**config):
    return {"uses": "delete", "as": "tidy", "config": config}


def test_what_is_not_there_is_deleted_already():
    assert run_steps([delete(path="./out"), delete(path="./out/deep") | {"as": "two"}]).phase == Phase.SUCCEEDED


def test_strict_wants_it_to_be_there():
    run = run_steps([delete(path="./out", strict=True)])

    assert run.phase == Phase.ERRORED
    assert run.promotion.message == 'error running step "tidy": path "./out" does not exist'


def test_strict_is_content_with_what_is_there():
    write = {"uses": "file-write", "config": {"path": "out/a.txt", "contents": "x"}}
    again = {**delete(path="./out", strict=True), "as": "again"}

    run = run_steps([write, delete(path="./out", strict=True), again])

    assert (run.statuses["tidy"], run.statuses["again"]) == ("Succeeded", "Errored")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"path": "../../etc"}, "path attempts to traverse outside the working directory"),
        ({"path": "."}, "path attempts to traverse outside the working directory"),
        ({"path": "a[", "pathsAreGlobs": True}, '"a[" is not a valid glob pattern'),
        ({"path": ".kargoweb"}, "is not for steps"),
        ({}, "exactly one of path and paths is required"),
    ],
    ids=["outside", "everything", "broken pattern", "our own", "nothing named"],
)
def test_other_errors_still_end_the_promotion(config, message):
    run = run_steps([delete(**config)])

    assert run.phase in (Phase.FAILED, Phase.ERRORED)
    assert message in run.promotion.message
