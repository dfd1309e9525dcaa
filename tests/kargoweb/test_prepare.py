"""What is made ready before the processes start; as a process, as the supervisor and the image do it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def data_dir(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def prepare(tmp_path, data_dir):
    def prepare(*arguments):
        environment = {
            "PATH": os.environ["PATH"],
            "KARGOWEB_DATA_DIR": str(data_dir),
            "KARGOWEB_STATIC_DIR": str(tmp_path / "static"),
        }
        command = [sys.executable, "-m", "kargoweb.prepare", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout

    return prepare


def test_static_files_of_an_image_are_not_collected_again(prepare, tmp_path, data_dir):
    prepare("--static")
    assert not (data_dir / "kargoweb.sqlite3").exists()
    collected = list((tmp_path / "static").rglob("*.css"))
    assert collected
    for path in collected:
        path.unlink()

    prepare()

    assert not list((tmp_path / "static").rglob("*.css")), "it tried to write what an image holds"
    assert (data_dir / "kargoweb.sqlite3").exists()


def test_the_data_directory_is_private_even_if_it_was_not(prepare, data_dir):
    data_dir.mkdir(mode=0o755)

    prepare()

    assert data_dir.stat().st_mode & 0o777 == 0o700


def test_a_site_without_accounts_says_how_to_make_the_first(prepare, data_dir):
    assert f"KARGOWEB_DATA_DIR={data_dir} kargoweb user NAME --admin" in prepare()

    environment = {"PATH": os.environ["PATH"], "KARGOWEB_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "kargoweb.cli.main", "user", "ada", "--admin", "--password", "correct horse 42"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    assert "no account" not in prepare()
