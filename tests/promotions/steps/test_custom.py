"""Steps of other packages: what is offered on the path, what is allowed of it, and what becomes of broken ones."""

import importlib
import sys

import pytest

from promotions.steps.base import StepContext
from promotions.steps.custom import allow_steps, list_custom_steps
from promotions.steps.execution import execute
from promotions.steps.registry import explain_unknown, find_step, list_custom, list_steps

_STEP = """
from promotions.steps.base import Done, Effect, Step, StepConfig
class Config(StepConfig):
    pass
def run(context, config):
    return Done({{"from": __name__}})
STEP = Step({kind!r}, {config}, run, effect={effect}, rerun="Again.", needs={needs!r})
"""


class Site:
    """A place for packages at the head of the module path."""

    def __init__(self, folder):
        self.folder = folder

    def offer(self, kind, *, package="acme-steps", module=None, source=None, **step):
        module = module or f"custom_{package}_{kind}".replace("-", "_")
        text = _STEP.format(**{"kind": kind, "config": "Config", "effect": "Effect.WORKSPACE", "needs": (), **step})
        (self.folder / f"{module}.py").write_text(text if source is None else source)
        info = self.folder / f"{package.replace('-', '_')}-1.2.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
        with (info / "entry_points.txt").open("a") as file:
            file.write(f"[kargoweb.steps]\n{kind} = {module}\n" if file.tell() == 0 else f"{kind} = {module}\n")
        importlib.invalidate_caches()
        return module


@pytest.fixture
def site(tmp_path):
    before = set(sys.modules)
    sys.path.insert(0, str(tmp_path))
    yield Site(tmp_path)
    sys.path.remove(str(tmp_path))
    allow_steps([])
    for name in set(sys.modules) - before:
        if name.startswith("custom_"):
            del sys.modules[name]


def test_an_allowed_step_is_found_and_runs_like_a_built_in_one(site, tmp_path):
    site.offer("acme-note")
    allow_steps(["acme-note"])

    step = find_step("acme-note")
    context = StepContext(tmp_path, "shop", "uat", "p", "a", log=lambda text, stream: None, should_stop=lambda: False)

    assert execute(step, {}, context).output == {"from": "custom_acme_steps_acme_note"}
    assert step in list_steps()


def test_what_is_not_allowed_is_not_even_imported(site):
    module = site.offer("acme-note", source="raise SystemExit('imported')")
    allow_steps(["other"])

    assert find_step("acme-note") is None
    assert module not in sys.modules
    assert "the administrator has not allowed it (KARGOWEB_CUSTOM_STEPS)" in explain_unknown("acme-note")


@pytest.mark.parametrize("word", ["acme-steps:acme-note", "Acme_Steps:acme-note"])
def test_a_step_can_be_allowed_by_package_and_kind(site, word):
    site.offer("acme-note")
    allow_steps([word])

    assert find_step("acme-note") is not None


def test_the_same_kind_of_another_package_is_not_allowed_with_it(site):
    site.offer("acme-note")
    allow_steps(["evil-steps:acme-note"])

    assert find_step("acme-note") is None
    assert {(item.package, item.is_allowed, bool(item.problem)) for item in list_custom()} == {
        ("acme-steps", False, False),
        ("evil-steps", True, True),
    }


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import no_such_module", "importing custom_acme_steps_acme_note failed: ModuleNotFoundError"),
        ("def (", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("STEP = 1", "neither a Step nor a module with a Step called STEP"),
        ("", "neither a Step nor a module with a Step called STEP"),
    ],
)
def test_a_broken_step_is_known_with_its_reason_and_stops_nothing(site, source, said):
    site.offer("acme-note", source=source)
    site.offer("acme-good")
    allow_steps(["acme-note", "acme-good"])

    assert find_step("acme-note") is None
    assert find_step("acme-good") is not None
    assert "custom step of package acme-steps cannot be used" in explain_unknown("acme-note")
    assert said in explain_unknown("acme-note")


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"needs": ("database",)}, "needs database, which kargoweb does not have; known are aliases, argocd"),
        ({"config": "dict"}, "derived from StepConfig"),
        ({"effect": "'none'"}, "its effect must be"),
        ({"kind": "another-kind"}, 'the step calls itself "another-kind"'),
    ],
)
def test_a_step_that_breaks_the_contract_is_refused(site, step, said):
    kind = step.pop("kind", "acme-note")
    module = site.offer(kind, module="custom_acme_note", **step)
    if kind != "acme-note":
        site.offer("acme-note", module=module, source=(site.folder / f"{module}.py").read_text())
    allow_steps(["acme-note"])

    assert said in explain_unknown("acme-note")


def test_a_built_in_step_cannot_be_replaced(site):
    built_in = find_step("fail")
    site.offer("fail")
    allow_steps(["fail"])

    assert find_step("fail") is built_in
    assert [item.problem for item in list_custom()] == [
        "a built-in step has this kind; the package must choose another"
    ]


def test_two_packages_with_one_kind_are_not_chosen_between(site):
    site.offer("acme-note")
    site.offer("acme-note", package="other-steps")

    allow_steps(["acme-note"])
    assert "several packages offer this kind" in explain_unknown("acme-note")

    allow_steps(["other-steps:acme-note"])
    assert find_step("acme-note").run.__module__ == "custom_other_steps_acme_note"


def test_an_allowed_step_that_nobody_installed_is_named():
    allow_steps(["nobody:has-this"])

    found = list_custom_steps(())
    allow_steps([])

    assert [(item.kind, item.package) for item in found] == [("has-this", "nobody")]
    assert "no installed package offers it" in found[0].problem


def test_a_step_that_looks_for_steps_while_it_is_imported_does_not_hang(site):
    source = "from promotions.steps.registry import find_step\nfind_step('nobody-knows')\n" + _STEP.format(
        kind="acme-note", config="Config", effect="Effect.WORKSPACE", needs=()
    )
    site.offer("acme-note", source=source)
    allow_steps(["acme-note"])

    assert [item.kind for item in list_custom()] == ["acme-note"]
