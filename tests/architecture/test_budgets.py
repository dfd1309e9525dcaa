"""Rooms stay small: files, functions, views, tasks and templates keep to their budgets."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("kargoweb", "promotions", "freight", "projects", "expressions", "integrations", "benchmarks")
FILE_LINES, FUNCTION_LINES, VIEW_LINES, TASK_LINES, TEMPLATE_LINES = 400, 50, 25, 10, 150
NAMELESS = {"utils", "helpers", "common", "misc", "manager", "service", "services"}


def list_modules(*folders: str) -> list[Path]:
    files = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in files if "migrations" not in path.parts)


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def list_functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and length of each function, decorators and docstring not counted."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None and len(node.body) > 1 else node.body
            yield node.name, (node.end_lineno or 0) - body[0].lineno + 1


@pytest.mark.parametrize("path", list_modules(*PACKAGES, "tests"), ids=shown)
def test_a_module_is_one_idea(path):
    lines = len(path.read_text().splitlines())

    assert lines <= FILE_LINES, f"{shown(path)} has {lines} lines; split it by noun"
    assert path.stem not in NAMELESS
    assert path.stem != "base" or (path.parent / "registry.py").exists()


@pytest.mark.parametrize("path", list_modules(*PACKAGES), ids=shown)
def test_a_function_fits_on_a_page(path):
    budget = VIEW_LINES if "views" in path.parts else TASK_LINES if path.stem == "tasks" else FUNCTION_LINES

    too_long = [(name, length) for name, length in list_functions(path) if length > budget]

    assert not too_long, f"{shown(path)}: over {budget} lines: {too_long}"


@pytest.mark.parametrize("path", list_modules(*PACKAGES), ids=shown)
def test_a_module_says_what_room_it_is(path):
    if path.read_text().strip():
        assert ast.get_docstring(ast.parse(path.read_text())), f"{shown(path)} has no docstring"


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.html")), ids=shown)
def test_a_template_fits_its_budget(path):
    lines = len(path.read_text().splitlines())

    assert lines <= TEMPLATE_LINES, f"{shown(path)} has {lines} lines; draw a part with include"
