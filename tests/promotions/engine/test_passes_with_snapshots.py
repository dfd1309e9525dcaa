"""Passes over a promotion whose work tree is stored: another machine goes on where the first one stopped."""

import shutil
from dataclasses import replace

import pytest
from django.utils import timezone

from projects.actors import Actor
from promotions.engine import read_site
from promotions.engine.snapshots_storage import SnapshotStore, WholeFileStorage
from promotions.models import Promotion, Stage
from promotions.phases import Phase
from promotions.retries import retry_promotion
from tests.factories import make_freight, make_project, make_stage, make_warehouse
from tests.promotions.driving import ask, drain, later, log_of

pytestmark = pytest.mark.django_db(transaction=True)

BOB = Actor(label="email:bob@example.com", name="bob")
WRITE = {"uses": "file-write", "as": "write", "config": {"path": "a.yaml", "contents": "${{ quote('tag: old\\n') }}"}}
GATE = {
    "uses": "fail",
    "as": "gate",
    "if": "${{ !(stageMetadata(ctx.stage)?.ready ?? false) }}",
    "config": {"message": "not ready"},
}
EDIT = {
    "uses": "yaml-update",
    "as": "edit",
    "config": {"path": "a.yaml", "updates": [{"key": "tag", "value": "new"}]},
}


class DistantStorage(WholeFileStorage):
    """A storage that can be out of reach for a while."""

    is_away = False

    def _open(self, name, mode="rb"):
        if self.is_away:
            raise ConnectionError(111, "Connection refused")
        return super()._open(name, mode)


@pytest.fixture
def site(tmp_path):
    store = SnapshotStore(DistantStorage(tmp_path / "snapshots"), "a key for tests", 1_000_000)
    return replace(read_site(), work_dir=tmp_path / "one" / "work", snapshots=store)


@pytest.fixture
def failed(site):
    warehouse = make_warehouse(make_project())
    stage = make_stage(warehouse.project, warehouse=warehouse, steps=[WRITE, GATE, EDIT])
    promotion = ask(stage, make_freight(warehouse))
    drain(site=site)
    promotion.refresh_from_db()
    assert promotion.phase == Phase.FAILED
    Stage.objects.update(metadata={"ready": True})
    return promotion


def retry(promotion, site):
    retry_promotion(BOB, promotion, from_step=None, rights=None, now=timezone.now())
    drain(site=site)
    promotion.refresh_from_db()
    return promotion


def test_a_machine_that_never_saw_the_promotion_goes_on_at_the_failed_step(failed, site, tmp_path):
    shutil.rmtree(site.work_dir)
    other = replace(site, work_dir=tmp_path / "two" / "work")

    assert retry(failed, other).phase == Phase.SUCCEEDED
    assert log_of(failed).count("Step 1 of 3: write (file-write)") == 1


def test_nothing_is_kept_of_what_succeeded(failed, site, tmp_path):
    retry(failed, site)

    assert [path for path in (tmp_path / "snapshots").rglob("*") if path.is_file()] == []


def test_a_tree_that_was_never_stored_means_the_first_step_again(failed, site):
    shutil.rmtree(site.work_dir)
    Promotion.objects.update(snapshot="")

    assert retry(failed, site).phase == Phase.SUCCEEDED
    assert "The work tree is gone; starting again at the first step." in log_of(failed)


def test_a_storage_that_is_away_is_waited_for(failed, site):
    shutil.rmtree(site.work_dir)
    site.snapshots.storage.is_away = True

    waiting = retry(failed, site)

    assert waiting.phase == Phase.RUNNING
    assert "storage of snapshots does not answer" in log_of(waiting)[-1]
    assert waiting.retry_round == 1
    site.snapshots.storage.is_away = False
    drain(later(), site=site)
    failed.refresh_from_db()
    assert failed.phase == Phase.SUCCEEDED
    assert log_of(failed).count("Step 1 of 3: write (file-write)") == 1
