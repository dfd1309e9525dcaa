"""The work tree of a promotion: private, its own, and gone afterwards whatever steps did to it."""

import os
import subprocess

import pytest

from promotions.engine import read_site, remove_workspace
from promotions.engine.workspace import create, directory, is_there
from tests.factories import make_freight, make_project, make_promotion, make_stage, make_warehouse
from tests.promotions.driving import fresh_after_drain, promote
from tests.promotions.webserver import TellingServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def promotion():
    project = make_project()
    warehouse = make_warehouse(project)
    return make_promotion(make_stage(project, warehouse=warehouse), make_freight(warehouse))


def test_is_private_and_made_once(promotion, tmp_path):
    assert not is_there(tmp_path / "work", promotion)

    path = create(tmp_path / "work", promotion)
    (path / "kept").write_text("x")

    assert create(tmp_path / "work", promotion) == path
    assert (path / "kept").exists()
    assert path.stat().st_mode & 0o777 == 0o700
    assert is_there(tmp_path / "work", promotion)


def test_a_name_cannot_lead_it_elsewhere(promotion, tmp_path):
    promotion.name = "uat.../../etc.abc"

    assert directory(tmp_path, promotion).parent == tmp_path


def test_is_removed_with_all_that_steps_left_there(promotion, tmp_path):
    path = create(tmp_path, promotion)
    (path / "deep" / "locked").mkdir(parents=True)
    (path / "deep" / "locked" / "file").write_text("x")
    (tmp_path / "outside").write_text("stays")
    (path / "link").symlink_to(tmp_path / "outside")
    os.chmod(path / "deep" / "locked" / "file", 0)
    os.chmod(path / "deep" / "locked", 0)

    remove_workspace(tmp_path, promotion)
    remove_workspace(tmp_path, promotion)

    assert not path.exists()
    assert (tmp_path / "outside").read_text() == "stays"


@pytest.mark.django_db(transaction=True)
def test_the_mirror_keeps_what_a_running_promotion_borrows_and_no_longer(git_server):
    git_server.create("app", {"a": "1"})
    url = git_server.url("app")
    project = make_project()
    warehouse = make_warehouse(project)
    clone = {"uses": "git-clone", "config": {"repoURL": url, "checkout": [{"branch": "main", "path": "./src"}]}}
    with TellingServer(lambda path, number: (503, b"") if number == 1 else None) as server:
        stage = make_stage(project, warehouse=warehouse, steps=[clone, server.step("wait")])
        promotion = promote(stage, make_freight(warehouse))
        (clone_dir,) = (directory(read_site().work_dir, promotion) / ".kargoweb" / "clones").iterdir()
        mirror = (clone_dir / "repo/objects/info/alternates").read_text().strip().removesuffix("/objects")
        assert promotion.name in refs_of(mirror)

        fresh_after_drain(promotion, promotion.due_at)

    assert promotion.name not in refs_of(mirror)


def refs_of(mirror):
    listing = subprocess.run(["git", "-C", mirror, "for-each-ref"], capture_output=True, text=True, check=True)
    return listing.stdout
