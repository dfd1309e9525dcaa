import importlib
import pkgutil
import subprocess
import sys

import promotions.steps
from promotions.steps.registry import find_step, list_steps


def _list_step_modules():
    names = (module.name for module in pkgutil.iter_modules(promotions.steps.__path__))
    modules = (importlib.import_module(f"promotions.steps.{name}") for name in names)
    return [module for module in modules if hasattr(module, "STEP")]


def test_every_module_with_a_step_is_registered_under_its_kind():
    modules = _list_step_modules()

    assert sorted(module.STEP.kind for module in modules) == [step.kind for step in list_steps()]
    assert all(find_step(module.STEP.kind) is module.STEP for module in modules)
    assert all(module.__name__.endswith(module.STEP.kind.replace("-", "_")) for module in modules)


def test_no_step_imports_another_step():
    modules = _list_step_modules()
    kinds = {module.__name__ for module in modules}

    for module in modules:
        imported = {
            getattr(value, "__module__", None) or getattr(value, "__name__", "") for value in vars(module).values()
        }
        assert not (imported & kinds) - {module.__name__}, module.__name__


def test_every_step_describes_itself():
    for step in list_steps():
        assert step.rerun.endswith("."), step.kind
        assert step.config.model_json_schema(), step.kind
        for name, model_field in step.config.model_fields.items():
            assert model_field.description, f"{step.kind}.{name}"


def test_an_unknown_kind_is_none():
    assert find_step("git-clone ") is None


def test_steps_load_neither_django_nor_celery():
    code = "import sys, promotions.steps.registry; print([m for m in ('django', 'celery') if m in sys.modules])"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
