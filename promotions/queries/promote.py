"""The pages that lead to a promotion: choose stages for freight, choose freight for a stage, the review sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from freight.models import ArtifactKind, Freight
from freight.queries.origins import letter_of, read_letters
from projects.access import Rights
from projects.errors import ObjectNotFound
from projects.models import Project
from promotions.gates import Gate, ProjectFacts, evaluate_gates, first_closed, is_open
from promotions.models import Occupancy, Stage
from promotions.previews import find_refusal
from promotions.queries.eligible import age_key, read_candidates
from promotions.queries.freight_artifacts import (
    ArtifactLine,
    commit_link,
    compare_artifacts,
    list_lines,
    main_version,
    read_artifacts,
)
from promotions.queries.gate_lines import GateLine, describe_gates
from promotions.queries.preview import PreviewView, find_newest, read_preview
from promotions.queries.promotion_changes import ArtifactChange
from promotions.queries.stage_states import StageStates, StageStatus, find_status

_COMMITS = 20
_FREIGHT = 50


@dataclass(frozen=True, slots=True)
class StageChoice:
    """A stage for chosen freight. `now` is what its slot holds; `is_same`: that freight itself."""

    name: str
    code: str
    depth: int
    status: StageStatus
    held: str
    held_version: str
    is_same: bool
    is_open: bool
    why: str
    why_state: str
    more: int
    gates: tuple[GateLine, ...]


@dataclass(frozen=True, slots=True)
class FreightChoice:
    """Freight for a chosen stage; `why` it cannot enter, or what it changes."""

    alias: str
    letter: str
    origin: str
    at: datetime
    artifacts: tuple[ArtifactLine, ...]
    is_here: bool
    is_older: bool
    is_open: bool
    why: str
    why_state: str


@dataclass(frozen=True, slots=True)
class CommitLine:
    """A commit that comes with the promotion."""

    sha: str
    subject: str
    author: str
    url: str


@dataclass(frozen=True, slots=True)
class Review:
    """One stage of the review sheet. `generation` guards against the stage being edited meanwhile.

    `between`: how much freight of the origin lies between what is there and what comes; `is_older`: the freight
    that comes is the older one.
    """

    stage: str
    code: str
    depth: int
    generation: int
    held: str
    held_since: datetime | None
    is_older: bool
    changes: tuple[ArtifactChange, ...]
    commits: tuple[CommitLine, ...]
    more_commits: int
    between: int
    gates: tuple[GateLine, ...]
    is_open: bool
    steps: int
    queue: tuple[int, ...]
    preview: PreviewView | None
    # Why the person may not ask for a preview; empty when they may.
    preview_refusal: str


def get_stages(project: Project, names: Sequence[str]) -> list[Stage]:
    """The stages of these names, in the order of the map. Raises ObjectNotFound for one that does not exist."""
    found = list(project.stages.filter(name__in=names).select_related("project"))
    for name in names:
        if name not in {stage.name for stage in found}:
            raise ObjectNotFound(f'There is no stage "{name}" in project "{project.name}".')
    return found


def list_stage_choices(freight: Freight, rights: Rights, *, now: datetime) -> list[StageChoice]:
    """Every stage that runs steps, in the order of the map, with what keeps the freight out."""
    project = freight.project
    states = StageStates.load(project)
    facts = ProjectFacts.load(project, freight_ids=[freight.pk])
    choices = []
    for stage in states.stages:
        if stage.is_control_flow:
            continue
        gates = evaluate_gates(facts, stage, freight, rights=rights, now=now)
        closed = [gate for gate in gates if not gate.is_open]
        stay = states.stays.get(stage.pk, {}).get(freight.origin)
        choices.append(
            StageChoice(
                name=stage.name,
                code=stage.code,
                depth=stage.depth,
                status=find_status(stage, states, now=now),
                held=stay.freight.alias if stay else "",
                held_version=main_version(stay.freight.artifacts.all()) if stay else "",
                is_same=stay is not None and stay.freight_id == freight.pk,
                is_open=not closed,
                why=closed[0].text if closed else "",
                why_state=_state(closed[0]) if closed else "",
                more=len(closed[1:]),
                gates=describe_gates(gates),
            )
        )
    return choices


def list_freight_choices(project: Project, stage: Stage, rights: Rights, *, now: datetime) -> list[FreightChoice]:
    """Freight of wanted origins: what may enter first, newest first; at most fifty of each kind."""
    stays = {stay.origin: stay for stay in _open_stays(stage)}
    wanted = set(stage.origins)
    candidates = read_candidates(project, plus=[stay.freight_id for stay in stays.values()])
    offered = [freight for freight in candidates if freight.origin in wanted]
    facts = ProjectFacts.load(project, freight_ids=[freight.pk for freight in offered])
    judged = [(f, first_closed(evaluate_gates(facts, stage, f, rights=rights, now=now))) for f in offered]
    ready = [pair for pair in judged if pair[1] is None][:_FREIGHT]
    shut = [pair for pair in judged if pair[1] is not None][:_FREIGHT]
    artifacts = read_artifacts([freight.pk for freight, _ in [*ready, *shut]])
    letters = read_letters(project)
    choices = []
    for freight, gate in [*ready, *shut]:
        stay = stays.get(freight.origin)
        before = list(stay.freight.artifacts.all()) if stay else None
        choices.append(
            FreightChoice(
                alias=freight.alias,
                letter=letter_of(letters, freight.warehouse_name),
                origin=freight.warehouse_name,
                at=freight.discovered_at,
                artifacts=list_lines(artifacts.get(freight.pk, ()), before),
                is_here=stay is not None and stay.freight_id == freight.pk,
                is_older=stay is not None and age_key(freight) < age_key(stay.freight),
                is_open=gate is None,
                why=gate.text if gate else "",
                why_state=_state(gate) if gate else "",
            )
        )
    return choices


def review_stages(freight: Freight, stages: Sequence[Stage], rights: Rights, *, now: datetime) -> list[Review]:
    """What a promotion of the freight would do to each of the stages."""
    facts = ProjectFacts.load(freight.project, freight_ids=[freight.pk])
    states = StageStates.load(freight.project)
    return [_review(freight, stage, states, facts, rights, now) for stage in stages]


def _review(
    freight: Freight, stage: Stage, states: StageStates, facts: ProjectFacts, rights: Rights, now: datetime
) -> Review:
    gates = evaluate_gates(facts, stage, freight, rights=rights, now=now)
    preview = find_newest(stage.pk, freight.pk)
    stay = states.stays.get(stage.pk, {}).get(freight.origin)
    held = stay.freight if stay else None
    between = _list_between(held, freight) if held else []
    is_older = held is not None and age_key(freight) < age_key(held)
    commits = [] if is_older else _list_commits(held, [freight, *between])
    known = next((other for other in states.stages if other.pk == stage.pk), stage)
    running = known.current_promotion
    ahead = [running.number] if running is not None and running.is_live else []
    ahead += [promotion.number for promotion in states.queued.get(stage.pk, ()) if promotion.number not in ahead]
    return Review(
        stage=stage.name,
        code=stage.code,
        depth=stage.depth,
        generation=stage.generation,
        held=held.alias if held else "",
        held_since=stay.since if stay else None,
        is_older=is_older,
        changes=compare_artifacts(held.artifacts.all() if held else (), freight.artifacts.all()),
        commits=tuple(commits[:_COMMITS]),
        more_commits=len(commits[_COMMITS:]),
        between=len(between),
        gates=describe_gates(gates),
        is_open=is_open(gates),
        steps=len(stage.steps),
        queue=tuple(ahead),
        preview=read_preview(preview, rights, now=now) if preview else None,
        preview_refusal=find_refusal(rights, stage.name),
    )


def _list_between(held: Freight, coming: Freight) -> list[Freight]:
    """Freight of the same origin found after the older and before the newer one, newest first."""
    first, last = sorted((held.discovered_at, coming.discovered_at))
    rows = Freight.objects.filter(
        project_id=coming.project_id,
        warehouse_name=coming.warehouse_name,
        discovered_at__gt=first,
        discovered_at__lt=last,
    )
    return list(rows.prefetch_related("artifacts")[:_FREIGHT])


def _list_commits(held: Freight | None, coming: Sequence[Freight]) -> list[CommitLine]:
    """Commits of the freight that comes and of all that is skipped, each once, without those already there."""
    known = {artifact.commit_id for artifact in held.artifacts.all()} if held else set()
    lines = []
    for freight in coming:
        for artifact in freight.artifacts.all():
            if artifact.kind == ArtifactKind.COMMIT and artifact.commit_id not in known:
                known.add(artifact.commit_id)
                lines.append(CommitLine(artifact.commit_id, artifact.message, artifact.author, commit_link(artifact)))
    return lines


def _open_stays(stage: Stage) -> Sequence[Occupancy]:
    rows = stage.occupancies.filter(until__isnull=True)
    return list(rows.select_related("freight").prefetch_related("freight__artifacts"))


def _state(gate: Gate) -> str:
    return gate.state.value.capitalize()
