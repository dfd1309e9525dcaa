"""Snapshots of one work tree: kept after a step, brought elsewhere, refused when not whole, gone at the end."""

import dataclasses
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.utils import timezone

from promotions.engine import Masker, read_site
from promotions.engine.snapshots import (
    Telling,
    TreeNotReady,
    bring_tree,
    forget_snapshots,
    keep_tree,
    sweep_snapshots,
)
from promotions.engine.snapshots_notes import TreeNote
from promotions.engine.snapshots_storage import SnapshotStore, WholeFileStorage, read_snapshot_store
from promotions.engine.workspace import create, directory
from promotions.models import Promotion
from promotions.phases import Phase
from tests.factories import make_freight, make_project, make_promotion, make_stage, make_warehouse

pytestmark = pytest.mark.django_db

KEY = "k" * 50


class Machine:
    """A worker's machine: its own data directory, the common row and storage."""

    def __init__(self, root, promotion, store):
        self.site = dataclasses.replace(read_site(), work_dir=root / "work", mirrors_dir=root / "mirrors")
        self.promotion, self.store, self.log = promotion, store, []
        self.stopped = False

    @property
    def tree(self):
        return directory(self.site.work_dir, self.promotion)

    def telling(self):
        return Telling(lambda text, stream: self.log.append(text), lambda: self.stopped)

    def begin(self):
        return create(self.site.work_dir, self.promotion)

    def keep(self):
        return keep_tree(self.promotion, self.tree, store=self.store, telling=self.telling())

    def bring(self, name):
        """The files there are afterwards, None without a tree."""
        options = {"site": self.site, "store": self.store, "masker": Masker([]), "telling": self.telling()}
        bring_tree(self.promotion, name, **options)
        return self.files()

    def files(self):
        if not self.tree.is_dir():
            return None
        return {path.name: path.read_text() for path in self.tree.iterdir() if path.is_file()}


@pytest.fixture
def promotion():
    project = make_project()
    warehouse = make_warehouse(project)
    return make_promotion(make_stage(project, warehouse=warehouse), make_freight(warehouse))


@pytest.fixture
def store(tmp_path):
    return SnapshotStore(WholeFileStorage(tmp_path / "snapshots"), KEY, 1024 * 1024)


@pytest.fixture
def here(tmp_path, promotion, store):
    machine = Machine(tmp_path / "here", promotion, store)
    machine.begin()
    return machine


@pytest.fixture
def there(tmp_path, promotion, store):
    return Machine(tmp_path / "there", promotion, store)


def stored(tmp_path):
    return sorted(path for path in (tmp_path / "snapshots").rglob("*") if path.is_file())


def test_another_machine_goes_on_with_the_tree(here, there, tmp_path):
    (here.tree / "password").write_text("rendered-secret")
    name = here.keep()

    assert there.bring(name) == {"password": "rendered-secret"}
    assert there.tree.stat().st_mode & 0o777 == 0o700
    assert there.log == ["The work tree was brought from where the last worker stored it."]
    (file,) = stored(tmp_path)
    assert b"rendered-secret" not in file.read_bytes()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert sorted(path.name for path in there.site.work_dir.iterdir()) == [there.tree.name]


def test_only_changes_are_stored_and_nothing_when_nothing_changed(here, there, tmp_path):
    (here.tree / "large").write_text("x" * 300_000)
    (here.tree / "gone").write_text("soon")
    first = here.keep()
    assert here.keep() == first

    (here.tree / "gone").unlink()
    (here.tree / "small").write_text("y")
    second = here.keep()

    assert second != first
    assert len(stored(tmp_path)) == 2
    assert there.bring(second) == {"large": "x" * 300_000, "small": "y"}
    assert there.keep() == second, "what was brought is not stored again"


def test_machines_take_turns_and_an_outdated_tree_is_replaced(here, there):
    (here.tree / "file").write_text("one")
    first = here.keep()
    there.bring(first)
    (there.tree / "file").write_text("two")
    second = there.keep()

    assert here.bring(second) == {"file": "two"}
    (here.tree / "file").write_text("three")
    third = here.keep()
    assert there.bring(third) == {"file": "three"}


def test_a_long_chain_is_begun_anew_and_still_comes_back(here, there, tmp_path):
    for number in range(40):
        (here.tree / f"file-{number}").write_text(str(number))
        name = here.keep()

    assert there.bring(name) == {f"file-{number}": str(number) for number in range(40)}
    assert len(TreeNote.read(there.tree).chain) == 8, "two full chains of 16 came before"


def test_the_tree_at_hand_is_used_without_asking_the_storage(here, tmp_path):
    (here.tree / "file").write_text("one")
    name = here.keep()
    here.store = dataclasses.replace(here.store, storage=AwayStorage())

    assert here.bring(name) == {"file": "one"}
    assert here.log == []


def test_a_worker_killed_before_the_row_was_written_goes_back_to_the_tree_of_the_row(here):
    (here.tree / "file").write_text("one")
    recorded = here.keep()
    (here.tree / "file").write_text("two")
    here.keep()

    assert here.bring(recorded) == {"file": "one"}


def test_a_worker_killed_during_its_first_snapshot_goes_on_in_its_tree(here):
    (here.tree / "file").write_text("one")
    here.keep()

    assert here.bring("") == {"file": "one"}
    assert here.log == []


def test_a_tree_of_before_a_new_start_elsewhere_is_taken_away(here, there):
    (here.tree / "file").write_text("one")
    there.begin()
    (there.tree / "file").write_text("another start")
    name = there.keep()
    forget_snapshots(there.promotion, store=there.store)

    assert here.bring(name) is None
    assert here.log == ["The stored work tree cannot be used: it was not stored, or is not in the storage any more."]


def damage(kind, path):
    content = path.read_bytes()
    changed = {
        "cut": content[:-1],
        "half": content[: len(content) // 2],
        "empty": b"",
        "changed": content[:-20] + bytes([content[-20] ^ 1]) + content[-19:],
        "foreign": b"something else",
    }
    path.write_bytes(changed[kind])


@pytest.mark.parametrize("kind", ["cut", "half", "empty", "changed", "foreign"])
def test_a_damaged_snapshot_is_refused_and_leaves_nothing(here, there, tmp_path, kind):
    (here.tree / "file").write_text("x" * 1000)
    name = here.keep()
    damage(kind, stored(tmp_path)[0])

    assert there.bring(name) is None
    assert there.log[0].startswith("The stored work tree cannot be used: it was ")
    assert list(there.site.work_dir.iterdir()) == []


def test_a_snapshot_of_another_promotion_or_key_is_refused(here, there, tmp_path):
    (here.tree / "file").write_text("x")
    name = here.keep()
    other = name[:-4] + ("0000" if name[-4:] != "0000" else "1111")
    (file,) = stored(tmp_path)
    (tmp_path / "snapshots" / other).write_bytes(file.read_bytes())

    assert there.bring(other) is None, "it was given another name"
    assert there.bring("999-abc/0000-0123456789abcdef") is None
    assert there.bring("../../etc/passwd") is None
    there.store = dataclasses.replace(there.store, secret_key="l" * 50)
    assert there.bring(name) is None
    assert "KARGOWEB_SECRET_KEY" in there.log[-1]


class AwayStorage(Storage):
    """A storage that answers nothing."""

    def _open(self, name, mode="rb"):
        raise ConnectionError("no route")

    _save = _open

    def exists(self, name):
        return False

    def listdir(self, path):
        raise ConnectionError("no route")


def test_a_storage_that_is_away_does_not_fail_the_promotion_and_is_told_once(here, there):
    good = here.store
    (here.tree / "file").write_text("one")
    here.store = dataclasses.replace(good, storage=AwayStorage())

    name = here.keep()
    assert here.keep() == name
    (here.tree / "file").write_text("two")
    assert here.keep() == name

    assert len(here.log) == 1
    assert here.log[0] == (
        "The work tree was not stored: the storage of snapshots does not answer as it should (ConnectionError). "
        "The promotion goes on; "
        "if this machine is lost, it starts again at the first step."
    )
    assert here.bring(name) == {"file": "two"}, "the tree at hand is still the promotion's"
    assert there.bring(name) is None
    here.store = good
    name = here.keep()
    assert there.bring(name) == {"file": "two"}, "stored as soon as the storage is back"


def test_a_storage_that_is_away_makes_the_next_worker_wait(here, there):
    (here.tree / "file").write_text("one")
    name = here.keep()
    good, there.store = there.store, dataclasses.replace(there.store, storage=AwayStorage())

    with pytest.raises(TreeNotReady, match=r"storage of snapshots does not answer as it should \(ConnectionError\)"):
        there.bring(name)
    assert there.files() is None
    there.store = good

    assert there.bring(name) == {"file": "one"}


def test_a_tree_too_large_stays_here(here, there, tmp_path):
    (here.tree / "file").write_text("x" * 2_000_000)

    name = here.keep()

    assert "more than the 1,048,576 of KARGOWEB_SNAPSHOT_MAX_BYTES" in here.log[0]
    assert stored(tmp_path) == []
    assert here.bring(name) is not None
    assert there.bring(name) is None


def test_a_link_in_the_place_of_our_directory_is_not_followed(here, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (here.tree / ".kargoweb").symlink_to(tmp_path / "elsewhere")

    here.keep()

    assert "not stored" in here.log[0]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_worker_that_is_stopped_stores_nothing(here, tmp_path):
    (here.tree / "file").write_text("x")
    here.stopped = True

    assert here.keep() == ""

    assert stored(tmp_path) == []
    assert here.log == []


def test_an_interrupted_write_leaves_no_file_under_the_final_name(tmp_path):
    class Cut(ContentFile):
        def chunks(self, chunk_size=None):
            yield b"half"
            raise OSError("cut")

    with pytest.raises(OSError, match="cut"):
        WholeFileStorage(tmp_path).save("1-a/0000-b", Cut(b"whole"))

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_end_of_a_promotion_takes_its_snapshots_along(here, tmp_path):
    (here.tree / "file").write_text("x")
    here.keep()

    forget_snapshots(here.promotion, store=here.store)
    forget_snapshots(here.promotion, store=here.store)
    forget_snapshots(here.promotion, store=dataclasses.replace(here.store, storage=AwayStorage()))

    assert list((tmp_path / "snapshots").iterdir()) == []


def test_the_sweep_takes_what_nobody_comes_back_for(here, there, tmp_path):
    (here.tree / "file").write_text("x")
    here.keep()
    there.site.work_dir.mkdir(parents=True)
    half = there.site.work_dir / f"{there.tree.name}.restoring"
    half.mkdir()
    foreign = tmp_path / "snapshots" / "notes of somebody"
    foreign.mkdir()
    now = timezone.now()
    options = {"store": here.store, "kept": timedelta(hours=1)}

    sweep_snapshots(there.site.work_dir, now=now, **options)
    assert half.exists()
    assert len(stored(tmp_path)) == 1

    Promotion.objects.filter(pk=here.promotion.pk).update(phase=Phase.SUCCEEDED, finished_at=now, recorded_at=now)
    sweep_snapshots(there.site.work_dir, now=now, **options)
    assert not half.exists()
    assert list((tmp_path / "snapshots").iterdir()) == [foreign]


def test_the_settings_turn_snapshots_on_and_choose_the_place(settings):
    assert read_snapshot_store() is None

    settings.SNAPSHOTS, settings.SNAPSHOT_MAX_BYTES = True, 7
    store = read_snapshot_store()

    assert (store.limit_bytes, store.secret_key) == (7, settings.SECRET_KEY)
    assert store.storage.path("1-a/0000-b") == str(settings.DATA_DIR / "snapshots" / "1-a" / "0000-b")
