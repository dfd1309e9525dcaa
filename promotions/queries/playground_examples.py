"""What the playground starts with: the step that was chosen, or an expression that gives something here."""

import json
from typing import Any

from promotions.changesets import render_yaml
from promotions.queries.playground import Bench

_ORDER = ("uses", "if", "config")


def example_for(bench: Bench, kind: str) -> str:
    """The planned step as YAML, or a first expression about the freight."""
    if kind == "step" and "uses" in bench.step:
        step: dict[str, Any] = {name: bench.step[name] for name in _ORDER if name in bench.step}
        return render_yaml(step)
    for reference in bench.scope.references:
        for image in reference.images:
            return f"v${{{{ imageFrom({json.dumps(image.repo_url)}).Tag }}}}"
        for commit in reference.commits:
            return f"${{{{ commitFrom({json.dumps(commit.repo_url)}).ID[:7] }}}}"
        for chart in reference.charts:
            name = f", {json.dumps(chart.name)}" if chart.name else ""
            return f"${{{{ quote(chartFrom({json.dumps(chart.repo_url)}{name}).Version) }}}}"
    return "${{ ctx.stage }}"
