"""Ten typical templates, each against the Python expression that gives the same value: evaluated from the cache,
and compiled anew.

The middle round is held to the budget: the slow ones are those in which the machine did something else.
"""

import gc
import itertools
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.figures import percentile, report
from expressions import Function, Record, check_template, render

_ROUNDS, _EVALUATIONS, _COMPILATIONS = 300, 50, 5
_BUDGET_US = 50.0

_IMAGE = {"RepoURL": "ghcr.io/shop/web", "Tag": "1.10.3", "Digest": "sha256:4f2c"}
_COMMIT = {"RepoURL": "https://git.example.com/shop.git", "ID": "3f2a9c41d07be5c8", "Author": "Alice <a@example.com>"}
_SERVICES = [{"name": f"part-{number}", "isOn": number % 2 == 0} for number in range(6)]
_VALUES: dict[str, Any] = {
    "ctx": {"project": "shop", "stage": "prod-west", "targetFreight": {"alias": "brave-otter"}},
    "vars": {
        "image": "ghcr.io/shop/web",
        "repo": "https://git.example.com/shop.git",
        "services": _SERVICES,
        "old": "1.9.12",
        "new": "1.10.3",
        "builtAt": "2026-11-21T10:15:00Z",
        "regions": {"eu": {"cluster": {"name": "eu-1"}}},
        "replicas": 3,
    },
    "outputs": {"render::commit": {"commit": "3f2a9c41d07be5c8", "branch": "env/prod-west"}},
}


@dataclass(frozen=True, slots=True)
class Case:
    """`python` is an expression of ctx, vars, outputs, image, commit and datetime with the value of the template."""

    name: str
    template: str
    python: str


CASES = (
    Case("image tag, quoted", "${{ quote(imageFrom(vars.image).Tag) }}", "image(vars['image'])['Tag']"),
    Case("branch of a stage", "env/${{ ctx.stage }}", "'env/' + ctx['stage']"),
    Case(
        "conditional",
        "${{ ctx.stage startsWith 'prod' ? 'high' : 'low' }}",
        "'high' if ctx['stage'].startswith('prod') else 'low'",
    ),
    Case(
        "list, filtered and mapped",
        "${{ vars.services | filter(.isOn) | map(.name) | join(',') }}",
        "','.join(each['name'] for each in vars['services'] if each['isOn'])",
    ),
    Case(
        "versions compared",
        "${{ semverParse(vars.new).GreaterThan(semverParse(vars.old)) }}",
        "[int(part) for part in vars['new'].split('.')] > [int(part) for part in vars['old'].split('.')]",
    ),
    Case(
        "date, formatted",
        "built on ${{ date(vars.builtAt).Format('02 Jan 2006') }}",
        "'built on ' + datetime.fromisoformat(vars['builtAt']).strftime('%d %b %Y')",
    ),
    Case(
        "title of a pull request",
        "Promote ${{ ctx.targetFreight.alias }} (${{ commitFrom(vars.repo).ID[0:7] }}) to ${{ ctx.stage }}",
        'f\'Promote {ctx["targetFreight"]["alias"]} ({commit(vars["repo"])["ID"][:7]}) to {ctx["stage"]}\'',
    ),
    Case(
        "nested maps with ?.",
        "${{ vars.regions?.eu?.cluster?.name ?? 'none' }}",
        "vars['regions'].get('eu', {}).get('cluster', {}).get('name') or 'none'",
    ),
    Case(
        "YAML built from a map",
        "${{ asYAML({'image': {'tag': imageFrom(vars.image).Tag}, 'replicas': vars.replicas}) }}",
        "'image:\\n    tag: ' + image(vars['image'])['Tag'] + '\\nreplicas: ' + str(vars['replicas']) + '\\n'",
    ),
    Case("output of a step", "${{ outputs['render::commit'].branch }}", "outputs['render::commit']['branch']"),
)


def measure(case: Case) -> bool:
    """Print the figures of one template; True when it is within the budget."""
    environment = {
        **_VALUES,
        "imageFrom": Function("imageFrom", lambda _: Record("imageFrom(...)", _IMAGE), 1, 2, (str,)),
        "commitFrom": Function("commitFrom", lambda _: Record("commitFrom(...)", _COMMIT), 1, 2, (str,)),
    }
    names = {**_VALUES, "image": lambda _: _IMAGE, "commit": lambda _: _COMMIT, "datetime": datetime}
    floor = eval(f"lambda: {case.python}", names)  # noqa: S307 (our own text, above)
    template, python = case.template, case.python
    # No two alike, as each compiled expression is kept.
    fresh = (template.replace("${{", f"${{{{ /*{number}*/") for number in itertools.count())
    assert render(template, environment) == floor(), f"{case.name}: {render(template, environment)!r}"

    ours, theirs = _time(lambda: render(template, environment), floor, _EVALUATIONS)
    parsing, compiling = _time(
        lambda: check_template(next(fresh)), lambda: compile(python, "<floor>", "eval"), _COMPILATIONS
    )
    middle = percentile(ours, 0.5)
    note = f"p95 {percentile(ours, 0.95):.1f}, {middle / percentile(theirs, 0.5):.1f} x Python"
    kept = report(f"{case.name}, from cache", middle, "µs", budget=_BUDGET_US, note=note)
    middle = percentile(parsing, 0.5)
    note = f"p95 {percentile(parsing, 0.95):.1f}, {middle / percentile(compiling, 0.5):.1f} x Python"
    report("  the same, compiled anew", middle, "µs", note=note)
    return kept


def _time(ours: Callable[[], object], floor: Callable[[], object], count: int) -> tuple[list[float], list[float]]:
    """µs of one call in each round, ours and the floor in turn."""
    mine, theirs = [], []
    for _ in range(_ROUNDS):
        mine.append(_microseconds(ours, count))
        theirs.append(_microseconds(floor, count))
    return mine, theirs


def _microseconds(call: Callable[[], object], count: int) -> float:
    started_at = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - started_at) / count * 1e6


def main() -> int:
    """Measure all of them in this process."""
    gc.disable()  # a collection in one round would be laid at the door of one template
    kept = [measure(case) for case in CASES]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
