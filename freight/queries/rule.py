"""The page that tries a rule: what it would take of what was found last, or what a real look with it found."""

from dataclasses import dataclass
from datetime import datetime

from freight.manifests import SubscriptionManifest
from freight.models import RuleTrial, Subscription, TrialPhase, Warehouse
from freight.near_misses import find_near_misses
from freight.queries.subscription import LeftOut, count_sentence, describe_found, group_left_out, render_rule
from freight.rule_check import LastLook, check_rule
from freight.rule_text import Fault
from freight.selection.errors import SelectorError
from freight.subscriptions.base import SubscriptionUnusable
from projects.errors import ObjectNotFound


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What a rule gives. `is_real`: a worker looked; else only what was found last was judged again.

    `taken`: (version, note); `unknown`: (version, why only a real look can tell).
    """

    is_real: bool
    phase: str = ""
    word: str = ""
    sentence: str = ""
    error: str = ""
    taken: tuple[tuple[str, str], ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()
    near: tuple[tuple[str, str], ...] = ()
    faults: tuple[Fault, ...] = ()
    trial_id: int = 0
    is_live: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RuleView:
    """The page. `text` is what stands in the form, `saved` the rule as the warehouse has it."""

    warehouse_name: str
    position: int
    kind: str
    repo: str
    text: str
    saved: str
    result: RuleResult | None


def get_subscription(warehouse: Warehouse, position: int) -> Subscription:
    """The subscription at a place of the list. Raises ObjectNotFound."""
    row = warehouse.subscriptions.filter(position=position).first()
    if row is None or position >= len(warehouse.spec["subscriptions"]):
        raise ObjectNotFound(f'Warehouse "{warehouse.name}" has no subscription {position + 1}.')
    return row


def describe_rule(warehouse: Warehouse, row: Subscription, *, text: str, result: RuleResult | None) -> RuleView:
    """The page with this text; an empty one means the rule as it is saved."""
    saved = render_rule(warehouse.spec["subscriptions"][row.position])
    return RuleView(warehouse.name, row.position, row.kind, row.repo_url, text or saved, saved, result)


def check_against_last(warehouse: Warehouse, row: Subscription, rule: SubscriptionManifest) -> RuleResult:
    """Judge what was found last by another rule."""
    item = rule.normalised()
    kind = next(key for key in item if key != "name")
    if kind != row.kind:
        text = f"This is a rule for {kind}, and the subscription watches {row.kind}. Only a real look can try it."
        return RuleResult(is_real=False, phase="Failed", word="Not comparable", error=text)
    rules = warehouse.spec["subscriptions"][row.position][row.kind]
    try:
        names = [entry["version"] for entry in row.ignored]
        outcome = check_rule(kind, item[kind], LastLook(rules, row.found, names))
    except (SelectorError, SubscriptionUnusable) as error:
        return RuleResult(is_real=False, phase="Failed", word="Cannot be used", error=str(error))
    left_out = group_left_out([{"version": name, "reason": why} for name, why in outcome.ignored], ())
    judged = len(outcome.taken) + len(outcome.ignored)
    return RuleResult(
        is_real=False,
        phase="Succeeded" if outcome.taken else "Empty",
        word="Tried on the last finds",
        sentence=count_sentence(kind, len(outcome.taken), judged - len(outcome.taken)),
        taken=tuple((name, "") for name in outcome.taken),
        left_out=left_out,
        unknown=outcome.unknown,
        near=() if outcome.taken else find_near_misses(item[kind], outcome.ignored),
        at=row.checked_at,
    )


def get_trial(warehouse: Warehouse, position: int, number: str) -> RuleTrial:
    """A trial of this subscription. Raises ObjectNotFound."""
    is_number = number.isdecimal() and len(number) < 19
    trial = warehouse.trials.filter(pk=int(number), position=position).first() if is_number else None
    if trial is None:
        raise ObjectNotFound(
            "There is no such trial of a rule any more: they are forgotten after a day. Try it again."
        )
    return trial


def read_trial(trial: RuleTrial) -> RuleResult:
    """What a real look found, or how far it is."""
    kind = next(key for key in trial.subscription if key != "name")
    row = Subscription(kind=kind, repo_url=trial.subscription[kind]["repoURL"])
    found = [describe_found(row, trial.subscription[kind], item, {}) for item in trial.found]
    left_out = group_left_out(trial.ignored, trial.ignored_by_rule)
    phases = {TrialPhase.READY: "Succeeded" if found else "Empty", TrialPhase.PENDING: "Queued"}
    missed = [(item["version"], item["reason"]) for item in trial.ignored]
    is_done = trial.phase == TrialPhase.READY
    return RuleResult(
        is_real=True,
        phase=phases.get(TrialPhase(trial.phase), str(trial.phase)),
        word=TrialPhase(trial.phase).label,
        sentence=count_sentence(kind, len(found), sum(group.count for group in left_out)) if is_done else "",
        error=trial.error,
        taken=tuple((one.version, one.note) for one in found),
        left_out=left_out,
        near=find_near_misses(trial.subscription[kind], missed) if is_done and not found else (),
        trial_id=trial.pk,
        is_live=trial.is_live,
        at=trial.finished_at,
    )
