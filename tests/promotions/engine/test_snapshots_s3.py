"""Snapshots in S3, against a server that speaks its protocol."""

import dataclasses
from datetime import timedelta

import boto3
import pytest
from django.core.files.storage import StorageHandler
from django.utils import timezone
from moto.server import ThreadedMotoServer

from kargoweb.storage_urls import read_snapshot_storage
from promotions.engine import Masker, read_site
from promotions.engine.snapshots import (
    Telling,
    TreeNotReady,
    bring_tree,
    forget_snapshots,
    keep_tree,
    sweep_snapshots,
)
from promotions.engine.snapshots_storage import SnapshotStore
from promotions.engine.workspace import create, directory
from promotions.models import Promotion
from promotions.phases import Phase
from tests.factories import make_freight, make_project, make_promotion, make_stage, make_warehouse

pytestmark = pytest.mark.django_db

BUCKET, REGION = "work-trees", "eu-central-1"


@pytest.fixture(scope="module")
def server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "something")
    # No machine of Amazon's is asked for credentials.
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def bucket(server):
    bucket = boto3.resource("s3", endpoint_url=server, region_name=REGION).Bucket(BUCKET)
    bucket.create(CreateBucketConfiguration={"LocationConstraint": REGION})
    yield bucket
    bucket.objects.delete()
    bucket.delete()


@pytest.fixture
def store(server, bucket, monkeypatch, tmp_path):
    return open_store(f"s3://{BUCKET}/trees/here?endpoint_url={server}&region={REGION}", monkeypatch, tmp_path)


def open_store(url, monkeypatch, tmp_path):
    monkeypatch.setenv("KARGOWEB_SNAPSHOT_STORAGE", url)
    storages = StorageHandler({"snapshots": read_snapshot_storage("KARGOWEB_SNAPSHOT_STORAGE", tmp_path)})
    return SnapshotStore(storages["snapshots"], "k" * 50, 2**30)


@pytest.fixture
def promotion():
    project = make_project()
    warehouse = make_warehouse(project)
    return make_promotion(make_stage(project, warehouse=warehouse), make_freight(warehouse))


def telling(log):
    return Telling(lambda text, stream: log.append(text), lambda: False)


def bring(promotion, name, work_dir, store, log):
    site = dataclasses.replace(read_site(), work_dir=work_dir)
    bring_tree(promotion, name, site=site, store=store, masker=Masker([]), telling=telling(log))
    return directory(work_dir, promotion)


def test_a_tree_goes_through_the_bucket(promotion, store, bucket, tmp_path):
    tree = create(tmp_path / "here", promotion)
    # More than one part of an upload.
    (tree / "large").write_bytes(b"".join(number.to_bytes(4, "big") * 3 for number in range(800_000)))
    first, log = keep_tree(promotion, tree, store=store, telling=telling([])), []
    (tree / "small").write_text("y")
    second = keep_tree(promotion, tree, store=store, telling=telling(log))

    there = bring(promotion, second, tmp_path / "there", store, log)

    assert log == ["The work tree was brought from where the last worker stored it."]
    assert (there / "large").read_bytes() == (tree / "large").read_bytes()
    assert (there / "small").read_text() == "y"
    assert [item.key for item in bucket.objects.all()] == [f"trees/here/{first}", f"trees/here/{second}"]


def test_what_is_not_there_or_not_whole_is_refused(promotion, store, bucket, tmp_path):
    tree, log = create(tmp_path / "here", promotion), []
    (tree / "file").write_text("x" * 1000)
    name = keep_tree(promotion, tree, store=store, telling=telling(log))
    item = bucket.Object(f"trees/here/{name}")
    content = item.get()["Body"].read()
    item.put(Body=content[:-1])

    assert not bring(promotion, name, tmp_path / "there", store, log).exists()
    item.delete()
    assert not bring(promotion, name, tmp_path / "there", store, log).exists()

    assert "cut short or changed" in log[0]
    assert "is not in the storage any more" in log[1]


def test_the_bucket_is_empty_after_the_end(promotion, store, bucket, tmp_path):
    tree, now = create(tmp_path / "here", promotion), timezone.now()
    (tree / "file").write_text("x")
    keep_tree(promotion, tree, store=store, telling=telling([]))
    forget_snapshots(promotion, store=store)
    assert list(bucket.objects.all()) == []

    (tree / "file").write_text("y")
    keep_tree(promotion, tree, store=store, telling=telling([]))
    options = {"store": store, "kept": timedelta(hours=1), "now": now}
    sweep_snapshots(tmp_path / "here", **options)
    assert len(list(bucket.objects.all())) == 1
    Promotion.objects.filter(pk=promotion.pk).update(phase=Phase.ABORTED, finished_at=now, recorded_at=now)
    sweep_snapshots(tmp_path / "here", **options)
    assert list(bucket.objects.all()) == []


def test_a_bucket_that_is_missing_fails_no_promotion(promotion, server, monkeypatch, tmp_path):
    store = open_store(f"s3://none-such?endpoint_url={server}&region={REGION}", monkeypatch, tmp_path)
    tree, log = create(tmp_path / "here", promotion), []
    (tree / "file").write_text("x")

    name = keep_tree(promotion, tree, store=store, telling=telling(log))

    assert log[0].startswith("The work tree was not stored: ")
    assert (tree / "file").exists()
    assert not bring(promotion, name, tmp_path / "there", store, log).exists()


def test_a_server_that_is_away_lets_the_next_worker_wait(promotion, monkeypatch, tmp_path):
    store = open_store(f"s3://any?endpoint_url=http://127.0.0.1:1&region={REGION}", monkeypatch, tmp_path)
    store.storage.client_config = store.storage.client_config.merge(
        type(store.storage.client_config)(retries={"total_max_attempts": 1})
    )
    folder = directory(tmp_path, promotion).name

    with pytest.raises(TreeNotReady, match="EndpointConnectionError"):
        bring(promotion, f"{folder}/0000-{'0' * 16}", tmp_path / "there", store, [])
