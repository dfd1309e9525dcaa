"""KARGOWEB_SNAPSHOT_STORAGE: files by default, a bucket by its address, a clear word on anything else."""

import pytest

from kargoweb.env import BadSetting
from kargoweb.storage_urls import read_snapshot_storage

NAME = "KARGOWEB_SNAPSHOT_STORAGE"


def test_files_of_the_data_directory_by_default(tmp_path, monkeypatch):
    monkeypatch.delenv(NAME, raising=False)

    assert read_snapshot_storage(NAME, tmp_path) == {
        "BACKEND": "promotions.engine.snapshots_storage.WholeFileStorage",
        "OPTIONS": {"location": tmp_path},
    }


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3://trees", ("trees", "", None, None)),
        ("s3://my.trees/a/b/", ("my.trees", "a/b", None, None)),
        ("s3://trees/a?region=eu-west-1", ("trees", "a", None, "eu-west-1")),
        ("s3://trees?endpoint_url=https://s3.example.com:9000", ("trees", "", "https://s3.example.com:9000", None)),
    ],
)
def test_a_bucket_by_its_address(tmp_path, monkeypatch, url, expected):
    monkeypatch.setenv(NAME, url)

    storage = read_snapshot_storage(NAME, tmp_path)

    options = storage["OPTIONS"]
    assert storage["BACKEND"] == "storages.backends.s3.S3Storage"
    found = (options["bucket_name"], options["location"], options["endpoint_url"], options["region_name"])
    assert found == expected


@pytest.mark.parametrize(
    "url",
    [
        "/var/trees",
        "s3:",
        "s3://",
        "gs://trees",
        "s3://trees?endpoint=x",
        "s3://trees:9000",
        "https://s3/x",
    ],
)
def test_anything_else_is_refused_with_the_form_expected(tmp_path, monkeypatch, url):
    monkeypatch.setenv(NAME, url)

    with pytest.raises(BadSetting, match=rf"{NAME}=.* expected s3://bucket/prefix"):
        read_snapshot_storage(NAME, tmp_path)


def test_credentials_in_the_address_are_refused_and_not_shown(tmp_path, monkeypatch):
    monkeypatch.setenv(NAME, "s3://key:secret@trees")

    with pytest.raises(BadSetting, match="AWS_SECRET_ACCESS_KEY") as caught:
        read_snapshot_storage(NAME, tmp_path)

    assert "secret@" not in str(caught.value)
