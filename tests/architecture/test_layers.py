"""Imports point down the house, code is linted, typed and its migrations are complete."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from promotions.steps.registry import list_steps

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
CHECKS = {
    "layers": [BIN / "lint-imports", "--no-cache"],
    "lint": [BIN / "ruff", "check", "--no-cache", "."],
    "format": [BIN / "ruff", "format", "--check", "--no-cache", "."],
    "types": [BIN / "mypy", "."],
    "templates": [BIN / "djlint", "--lint", "--quiet", "templates"],
    "migrations": [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", CHECKS)
def test_the_whole_house_passes(name, tmp_path):
    environment = {"PATH": f"{BIN}:/usr/bin:/bin", "KARGOWEB_DATA_DIR": str(tmp_path), "HOME": str(tmp_path)}

    result = subprocess.run(CHECKS[name], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout + result.stderr


def test_no_step_imports_another_step():
    folder = ROOT / "promotions" / "steps"
    kinds = {step.kind.replace("-", "_") for step in list_steps()}

    for kind in kinds:
        for node in ast.walk(ast.parse((folder / f"{kind}.py").read_text())):
            if isinstance(node, ast.ImportFrom):
                imported = (node.module or "").removeprefix("promotions.steps.")
                assert imported not in kinds, f"the step {kind} imports the step {imported}"


def test_every_module_with_a_step_is_in_the_registry():
    folder = ROOT / "promotions" / "steps"

    with_a_step = {path.stem for path in folder.glob("*.py") if "\nSTEP = " in path.read_text()}

    assert with_a_step == {step.kind.replace("-", "_") for step in list_steps()}
