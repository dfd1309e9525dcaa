"""The example of a custom step installs with pip, runs from the command line, and doctor knows it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.utils import timezone
from ruamel.yaml import YAML

from kargoweb.cli.main import main
from kargoweb.doctor import State, examine
from promotions.steps.custom import allow_steps

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs/examples/custom-step"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The directory that the example is installed to; pip builds it next to its sources, so these are copied."""
    folder = tmp_path_factory.mktemp("custom-step")
    shutil.copytree(EXAMPLE, folder / "source")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    subprocess.run(
        [*command, "--no-build-isolation", "--no-deps", "--target", folder / "site", folder / "source"],
        capture_output=True,
        check=True,
    )
    return folder / "site"


@pytest.fixture
def kargoweb(installed, monkeypatch):
    """Runs the command with the installed example on the module path."""
    monkeypatch.syspath_prepend(str(installed))

    def run(*arguments, allowed="changelog-entry", stdin=None):
        monkeypatch.setenv("KARGOWEB_CUSTOM_STEPS", allowed)
        return CliRunner().invoke(main, arguments, input=stdin)

    yield run
    allow_steps([])
    sys.modules.pop("acme_changelog_entry", None)


def test_the_installed_example_runs_with_the_freight_of_its_context(kargoweb, tmp_path):
    (tmp_path / "CHANGELOG.md").write_text("- old\n")
    freight = {"name": "f", "origin": {"name": "w"}, "images": [{"repoURL": "r/app", "tag": "1.2"}]}
    (tmp_path / "context.json").write_text(json.dumps({"ctx": {"stage": "uat"}, "freight": [freight]}))
    arguments = [
        "--config",
        "-",
        "--workdir",
        str(tmp_path),
        "--context",
        str(tmp_path / "context.json"),
        "-o",
        "json",
    ]

    first, second = (
        kargoweb("step", "run", "changelog-entry", *arguments, stdin='{"title": "${{ ctx.stage }}"}')
        for _ in range(2)
    )

    assert first.stdout == second.stdout
    answer = json.loads(first.stdout)
    assert (answer["status"], answer["output"]) == ("Succeeded", {"entry": "- uat: r/app:1.2"})
    assert (tmp_path / "CHANGELOG.md").read_text() == "- uat: r/app:1.2\n- old\n"


def test_the_example_of_its_config_is_one(kargoweb):
    schema = json.loads(kargoweb("step", "schema", "changelog-entry").stdout)
    example = YAML(typ="safe").load((EXAMPLE / "example.yaml").read_text())

    assert example["uses"] == schema["title"] == "changelog-entry"
    assert set(schema["required"]) <= set(example["config"]) <= set(schema["properties"])


def test_the_list_marks_custom_steps(kargoweb):
    rows = json.loads(kargoweb("step", "list", "-o", "json").stdout)
    table = kargoweb("step", "list").stdout

    row = next(row for row in rows if row["kind"] == "changelog-entry")
    assert (row["package"], row["version"], row["needs"]) == ("acme-steps", "1.0.0", ["freight"])
    assert {row["package"] for row in rows} == {"", "acme-steps"}
    assert "[custom: acme-steps 1.0.0]" in table


def test_a_step_that_is_not_allowed_is_listed_with_the_reason(kargoweb):
    rows = json.loads(kargoweb("step", "list", "-o", "json", allowed="").stdout)

    row = next(row for row in rows if row["kind"] == "changelog-entry")
    assert row["problem"] == "not allowed by KARGOWEB_CUSTOM_STEPS"


def test_the_lint_knows_an_allowed_step_and_its_config(kargoweb, tmp_path):
    (tmp_path / "stage.yaml").write_text(_STAGE)

    known = kargoweb("lint", str(tmp_path), "-o", "json")
    unknown = kargoweb("lint", str(tmp_path), "-o", "json", allowed="")

    assert "unknown-step-kind" not in known.stdout
    assert "missing-config-field" in known.stdout
    assert "unknown-step-kind" in unknown.stdout


@pytest.mark.django_db
def test_doctor_names_what_is_installed_and_warns_of_what_does_not_work(kargoweb):
    def find():
        return next(finding for finding in examine(now=timezone.now()) if finding.name == "custom steps")

    allow_steps(["changelog-entry"])
    assert (find().state, find().evidence) == (State.OK, "changelog-entry of acme-steps 1.0.0: allowed")
    allow_steps([])
    assert (find().state, find().evidence) == (State.OK, "changelog-entry of acme-steps 1.0.0: not allowed")
    allow_steps(["nobody:has-this"])
    assert find().state is State.WARNING
    assert "has-this of nobody: no installed package offers it" in find().evidence


_STAGE = """
apiVersion: kargo.akuity.io/v1alpha1
kind: Stage
metadata: {name: uat, namespace: shop}
spec:
  requestedFreight:
  - origin: {kind: Warehouse, name: shop}
    sources: {direct: true}
  promotionTemplate:
    spec:
      steps:
      - uses: changelog-entry
        config: {path: CHANGELOG.md}
"""
