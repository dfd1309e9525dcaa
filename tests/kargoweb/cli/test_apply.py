import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from kargoweb.cli.main import main
from projects.models import Project
from promotions.models import Stage

ROOT = Path(__file__).parents[3]
PROJECT = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Project\nmetadata: {name: shop}\n"
WAREHOUSE = (
    "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: main, namespace: shop}\n"
    "spec: {subscriptions: [{image: {repoURL: ghcr.io/x/y}}]}\n"
)
STAGE = (
    "apiVersion: kargo.akuity.io/v1alpha1\nkind: Stage\nmetadata: {name: uat, namespace: shop}\n"
    "spec:\n  requestedFreight:\n  - origin: {kind: Warehouse, name: main}\n    sources: {direct: true}\n"
)


def run(*arguments, stdin=None):
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.yaml").write_text(PROJECT)
    (tmp_path / "deep" / "b.yml").write_text(WAREHOUSE + "---\n" + STAGE)
    (tmp_path / "deep" / "notes.txt").write_text("not: yaml: at all")
    return tmp_path


@pytest.mark.django_db
def test_a_directory_is_applied_with_all_below_it_when_asked(folder):
    first, second = run("apply", "-R", "-f", folder), run("apply", "-R", "-f", folder)

    assert first.exit_code == second.exit_code == 0
    assert first.stdout.splitlines() == [
        "project/shop created",
        "warehouse/shop/main created",
        "stage/shop/uat created",
    ]
    assert [line.split()[1] for line in second.stdout.splitlines()] == ["unchanged"] * 3


@pytest.mark.django_db
def test_files_and_standard_input_are_one_set(folder):
    result = run("apply", "-f", "-", "-f", folder / "a.yaml", stdin=WAREHOUSE + "---\n" + STAGE)

    assert result.exit_code == 0
    assert Stage.objects.get().project == Project.objects.get()


@pytest.mark.django_db
def test_an_update_is_named(folder):
    run("apply", "-R", "-f", folder)

    result = run("apply", "-f", "-", stdin=STAGE + "  shard: x\n")

    assert result.stdout == "stage/shop/uat updated\n"


@pytest.mark.django_db
def test_every_error_is_printed_with_its_place_and_nothing_is_changed(folder):
    broken = folder / "deep" / "c.yaml"
    broken.write_text(STAGE.replace("uat", "one").replace("direct: true", "dirct: true") + "---\nkind: Pod\n")

    result = run("apply", "-R", "-f", folder)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert f'{broken}:7:15: Unknown field "dirct" in spec.requestedFreight[0].sources.\n' in result.stderr
    assert '    Did you mean "direct"?' in result.stderr
    assert f'{broken}:9:1: Field "apiVersion" is missing.' in result.stderr
    assert not Project.objects.exists()


@pytest.mark.django_db
def test_a_dry_run_shows_the_difference_and_changes_nothing(folder):
    result = run("apply", "--dry-run", "-R", "-f", folder)

    assert result.exit_code == 0
    assert "stage/shop/uat created\n" in result.stdout
    assert "+kind: Stage\n" in result.stdout
    assert not Project.objects.exists()


@pytest.mark.django_db
def test_warnings_do_not_stop_an_apply(folder):
    (folder / "deep" / "b.yml").write_text(STAGE)

    result = run("apply", "-R", "-f", folder)

    assert result.exit_code == 0
    assert "warning: " in result.stderr
    assert Stage.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("missing.yaml", None, "cannot be read"),
        ("latin.yaml", b"a: \xe9\n", "is not UTF-8 text"),
        ("empty.yaml", b"# nothing\n", "There is nothing to apply"),
    ],
)
def test_files_that_cannot_be_used_are_named(tmp_path, name, data, words):
    file = tmp_path / name
    if data is not None:
        file.write_bytes(data)

    result = run("apply", "-f", file)

    assert result.exit_code == 1
    assert words in result.stderr


def test_a_directory_without_manifests_is_an_error(tmp_path):
    result = run("apply", "-f", tmp_path)

    assert result.exit_code == 1
    assert "no files ending in .yaml" in result.stderr


def test_the_command_works_as_a_program_of_its_own(folder, tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    environment = {
        name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
    }
    environment |= {"KARGOWEB_DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "kargoweb.settings"}

    def call(*command):
        return subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )

    early = call("-m", "kargoweb.cli.main", "apply", "-R", "-f", str(folder))
    migrated = call("manage.py", "migrate", "-v", "0")
    applied = call("-m", "kargoweb.cli.main", "apply", "-R", "-f", str(folder))
    exported = call("-m", "kargoweb.cli.main", "export", "shop")

    assert early.returncode == 1
    assert "migrate" in early.stderr
    assert migrated.returncode == 0, migrated.stderr
    assert (applied.returncode, applied.stdout.splitlines()[-1]) == (0, "stage/shop/uat created"), applied.stderr
    assert STAGE in exported.stdout
