"""Imports point down the house, code is linted, typed and its migrations are complete."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

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
    kinds = {path.stem for path in (ROOT / "promotions" / "steps").glob("*.py")}
    shared = {
        "base",
        "capabilities",
        "paths",
        "registry",
        "execution",
        "violations",
        "private",
        "git_work",
        "__init__",
    }
    for path in (ROOT / "promotions" / "steps").glob("*.py"):
        if path.stem in shared:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("promotions.steps."):
                imported = (node.module or "").rsplit(".", 1)[1]
                assert imported not in kinds - shared, f"{path.name} imports the step {imported}"
