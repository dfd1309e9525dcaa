"""The bench of the playground: a stage, freight and a step of a project, and what expressions see there.

Secrets never come here: look-ups answer with masks, outputs are those that pages show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from freight.models import Freight
from projects.errors import DomainError
from projects.models import Project
from promotions.engine.capabilities import ProjectLookups, load_masker
from promotions.engine.collections import build_collection, list_requested_origins
from promotions.engine.masking import MASK, Masker
from promotions.engine.site import Site
from promotions.models import Promotion, Stage, StepRun
from promotions.planning.facts import PromotionFacts, StepFact
from promotions.planning.plan import Plan
from promotions.planning.scope import Scope
from promotions.queries.stage_states import HEAVY
from promotions.references import FreightReference
from promotions.requests import plan_for

# Choice of a step: none, so that only variables of stage and template are seen.
NO_STEP = "-"
_SHOWN_FREIGHT = 50


class MaskedLookups:
    """Look-ups of a project in which every text of a secret is a mask; what is no secret is real."""

    def __init__(self, project: Project, site: Site) -> None:
        self._real = ProjectLookups(project, Masker(), is_work=False)
        self._project, self._site = project, site
        self._masker: Masker | None = None

    def secret(self, name: str) -> Mapping[str, str] | None:
        """The keys of a secret, so that a slip in a key is seen; each with the same mask."""
        return _masked(self._real.secret(name))

    def shared_secret(self, name: str) -> Mapping[str, str] | None:
        """As `secret`."""
        return _masked(self._real.shared_secret(name))

    def config_map(self, name: str) -> Mapping[str, str] | None:
        """As the engine answers."""
        return self._real.config_map(name)

    def shared_config_map(self, name: str) -> Mapping[str, str] | None:
        """As the engine answers."""
        return self._real.shared_config_map(name)

    def freight_metadata(self, name: str) -> Mapping[str, Any] | None:
        """What steps wrote; a secret among it is masked."""
        return self._shown(self._real.freight_metadata(name))

    def freight_status(self, name: str) -> Mapping[str, Any] | None:
        """As the engine answers; a secret among it is masked."""
        return self._shown(self._real.freight_status(name))

    def stage_metadata(self, name: str) -> Mapping[str, Any] | None:
        """As `freight_metadata`."""
        return self._shown(self._real.stage_metadata(name))

    def _shown(self, found: dict[str, Any] | None) -> dict[str, Any] | None:
        if found is None:
            return None
        self._masker = self._masker or load_masker(self._project, self._site)
        shown: dict[str, Any] = self._masker.value(found)
        return shown


def _masked(found: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if found is None else dict.fromkeys(found, MASK)


@dataclass(frozen=True, slots=True)
class Bench:
    """What a text is tried with. `step` is the planned step it stands in; `problem`: why there are no steps."""

    scope: Scope
    step: Mapping[str, Any]
    stages: tuple[str, ...]
    stage: str
    freight_list: tuple[Freight, ...]
    freight: str
    steps: tuple[str, ...]
    step_alias: str
    # The promotion whose outputs are seen, 0 for none.
    promotion_number: int
    problem: str = ""

    @property
    def choice(self) -> str:
        """What was chosen, in one text: the lists of the page and what can be seen depend on it."""
        return "/".join((self.stage, self.freight, self.step_alias))


def read_bench(
    project: Project, site: Site, *, stage_name: str, freight_key: str, step_alias: str, actor_label: str
) -> Bench | None:
    """The bench for these names, each replaced by the nearest that exists; None without any stage."""
    stages = list(project.stages.all())
    if not stages:
        return None
    stage = next((s for s in stages if s.name == stage_name), None) or _first_with_steps(stages)
    wanted = [request["origin"]["name"] for request in stage.requested_freight]
    rows = Freight.objects.filter(project=project, warehouse_name__in=wanted)
    freight_list = list(rows[:_SHOWN_FREIGHT])
    freight = next((f for f in freight_list if freight_key in {f.alias, f.name}), None)
    if freight is None and freight_key:
        freight = rows.filter(alias=freight_key).first() or rows.filter(name=freight_key).first()
    freight = freight or next(iter(freight_list), None)
    plan, problem = _plan(stage)
    aliases = [step["as"] for step in plan.steps]
    alias = step_alias if step_alias in {*aliases, NO_STEP} else next(iter(aliases), NO_STEP)
    last = stage.promotions.filter(started_at__isnull=False).defer(*HEAVY).first()
    runs = list(last.step_runs.all()) if last else []
    return Bench(
        scope=_scope(stage, freight, plan, last, runs, site, actor_label),
        step=next((step for step in plan.steps if step["as"] == alias), {"as": "playground"}),
        stages=tuple(s.name for s in stages),
        stage=stage.name,
        freight_list=tuple(dict.fromkeys([*freight_list, *([freight] if freight else [])])),
        freight=freight.alias if freight else "",
        steps=tuple(aliases),
        step_alias=alias,
        promotion_number=last.number if last else 0,
        problem=problem,
    )


def _first_with_steps(stages: Sequence[Stage]) -> Stage:
    return next((stage for stage in stages if not stage.is_control_flow), stages[0])


def _plan(stage: Stage) -> tuple[Plan, str]:
    """The steps of a promotion of this stage; without them the variables alone, and why."""
    try:
        return plan_for(stage), ""
    except DomainError as error:
        return Plan(vars=list(stage.spec.get("vars") or []), steps=[]), error.message


def _scope(
    stage: Stage,
    freight: Freight | None,
    plan: Plan,
    last: Promotion | None,
    runs: Sequence[StepRun],
    site: Site,
    actor_label: str,
) -> Scope:
    collection = build_collection(stage, freight) if freight else {}
    return Scope(
        facts=PromotionFacts(
            ui_base_url=site.base_url,
            project=stage.project.name,
            promotion=last.name if last else f"{stage.name}.playground",
            stage=stage.name,
            freight_name=freight.name if freight else "",
            freight_alias=freight.alias if freight else "",
            warehouse=freight.warehouse_name if freight else "",
            actor_label=actor_label,
        ),
        promotion_vars=plan.vars,
        state={run.alias: run.shown_output for run in runs if run.started_at},
        step_facts=tuple(_fact(run) for run in runs if run.status),
        references=tuple(FreightReference.from_json(item) for item in collection.values()),
        requested_origins=list_requested_origins(stage),
        lookups=MaskedLookups(stage.project, site),
    )


def _fact(run: StepRun) -> StepFact:
    return StepFact(
        alias=run.alias,
        status=run.status,
        message=run.message,
        started_at=run.started_at,
        finished_at=run.finished_at,
        error_count=run.error_count,
        continue_on_error=run.continue_on_error,
    )
