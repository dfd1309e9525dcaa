"""Runs one step outside a promotion, in a directory of the caller's, with everything it may see given as data."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from expressions import ExpressionError, to_json
from integrations.credentials import BasicAuth
from integrations.git.urls import normalize_git_url
from integrations.http import HttpClient, HttpPolicy
from kargoweb.proxies import read_proxies
from kargoweb.trial_argocd import read_argocd
from kargoweb.trial_context import BadContext, complete_context
from kargoweb.trial_people import GivenChannels, GivenEvents, GivenPeople
from kargoweb.trial_tools import GivenAliases, read_tools
from promotions.engine import Limits, judge
from promotions.phases import StepStatus
from promotions.planning.artifacts import RequestedOrigin
from promotions.planning.facts import PromotionFacts
from promotions.planning.scope import Scope, evaluate_config, is_wanted
from promotions.references import FreightReference
from promotions.steps.base import StepContext
from promotions.steps.capabilities import (
    Capabilities,
    Credential,
    CredentialKind,
    GitHubPushRules,
    GitIdentity,
    PushPolicyName,
)
from promotions.steps.execution import execute
from promotions.steps.paths import PRIVATE_DIR
from promotions.steps.registry import explain_unknown, find_step
from promotions.steps.target_freight import TargetFreight


@dataclass(frozen=True, slots=True)
class Trial:
    """How the step went: a step status, what it returned, and its log lines."""

    status: str
    message: str
    output: dict[str, Any] | None
    log: list[str]


def run_trial(kind: str, config: Any, workdir: Path, context: dict[str, Any]) -> Trial:
    """Evaluate the config with the context and run the step once."""
    step = find_step(kind)
    if step is None:
        return Trial("Errored", explain_unknown(kind), None, [])
    try:
        complete_context(context)
    except BadContext as error:
        return Trial("Errored", str(error), None, [])
    log: list[str] = []
    scope, facts = _scope(context), _facts(context)
    alias = _meta(context, "step").get("alias", "step-1")
    planned = {"uses": kind, "as": alias, "config": config, "vars": []}
    try:
        if "if" in context and not is_wanted(scope, {**planned, "if": context["if"]}):
            return Trial("Skipped", "", None, log)
        evaluated = evaluate_config(scope, planned)
    except ExpressionError as error:
        return Trial("Errored", f"failed to build step context: {error}", None, log)
    started_at = datetime.now(UTC)
    # Clones borrow their objects from the mirrors, so these last as long: a later trial goes on in the same place.
    mirrors = workdir.resolve() / PRIVATE_DIR / "mirrors"
    with HttpClient(_policy(), "kargoweb") as http:
        given = StepContext(
            workdir=workdir.resolve(),
            project=facts.project,
            stage=facts.stage,
            promotion=facts.promotion,
            alias=alias,
            log=lambda text, stream: log.extend(text.splitlines()),
            should_stop=lambda: False,
            can=_capabilities(context, mirrors, http),
            previous_output=(context.get("outputs") or {}).get(alias),
        )
        try:
            result: Any = execute(step, evaluated, given)
        except Exception as error:  # the outcome of a trial, whatever the step did
            result = error
    _tidy(workdir / PRIVATE_DIR)
    verdict = judge(
        result,
        alias=alias,
        error_count=0,
        started_at=started_at,
        now=datetime.now(UTC),
        limits=Limits(step.error_threshold, None),
    )
    output = to_json(dict(verdict.output)) if verdict.output is not None else None
    # One run is all there is here, so what the engine would try again has failed.
    status = StepStatus.ERRORED if verdict.is_error else verdict.status
    return Trial(status.value, verdict.message.removesuffix("; step will be retried"), output, log)


def _tidy(private: Path) -> None:
    """Each trial stands for itself: no notes to a next try, and no directory of ours unless it holds a clone."""
    if private.is_symlink() or not private.is_dir():
        return
    for note in private.glob("*.json"):
        note.unlink()
    if {path.name for path in private.iterdir()} <= {".gitignore"}:
        shutil.rmtree(private)


def _policy() -> HttpPolicy:
    return HttpPolicy(allow_loopback=True, allow_private_addresses=True, proxy_rules=read_proxies())


@dataclass(frozen=True, slots=True)
class _Data:
    """Lookups and metadata out of the context."""

    context: dict[str, Any]
    metadata: dict[str, dict[str, Any]] = field(default_factory=dict)

    def secret(self, name: str) -> dict[str, str] | None:
        return (self.context.get("secrets") or {}).get(name)

    def shared_secret(self, name: str) -> dict[str, str] | None:
        return self.secret(name)

    def config_map(self, name: str) -> dict[str, str] | None:
        return (self.context.get("configMaps") or {}).get(name)

    def shared_config_map(self, name: str) -> dict[str, str] | None:
        return self.config_map(name)

    def freight_metadata(self, name: str) -> dict[str, Any] | None:
        return (self.context.get("freightMetadata") or {}).get(name)

    def freight_status(self, name: str) -> dict[str, Any] | None:
        metadata = self.freight_metadata(name)
        return None if metadata is None else {"metadata": metadata}

    def stage_metadata(self, name: str) -> dict[str, Any] | None:
        return (self.context.get("stageMetadata") or {}).get(name)

    def merge(self, kind: Literal["Stage", "Freight"], name: str, values: dict[str, Any]) -> None:
        known = self.context.setdefault("stageMetadata" if kind == "Stage" else "freightMetadata", {})
        known.setdefault(name, {}).update(values)

    def find(self, kind: CredentialKind, repo_url: str) -> Credential | None:
        for row in self.context.get("credentials") or ():
            if row["type"] == kind and normalize_git_url(row["repoURL"]) == normalize_git_url(repo_url):
                return BasicAuth(row["username"], row["password"])
        return None

    def list_references(self) -> tuple[FreightReference, ...]:
        return tuple(FreightReference.from_json(item) for item in self.context.get("freight") or ())

    def list_ambiguous_images(self) -> frozenset[str]:
        return frozenset()


class _Git:
    """Git with a mirror directory that lives as long as the work tree."""

    push_policy: PushPolicyName = "AlwaysRebase"
    allow_file_protocol = True
    reach: HttpPolicy | None = None

    def __init__(self, mirrors_dir: Path) -> None:
        self.mirrors_dir = mirrors_dir
        self.identity = GitIdentity("Kargo", "no-reply@kargo.io")

    @contextmanager
    def push_lock(self, repo_url: str, branch: str, *, should_stop: Callable[[], bool]) -> Iterator[None]:
        yield


def _capabilities(context: dict[str, Any], mirrors_dir: Path, http: HttpClient) -> Capabilities:
    data = _Data(context)
    argocd = read_argocd(context, http.policy)
    return Capabilities(
        git=_Git(mirrors_dir),
        credentials=data,
        freight=data,
        metadata=data,
        http=http,
        argocd=argocd,
        tools=read_tools(),
        aliases=GivenAliases(context),
        github_push=GitHubPushRules(),
        people=GivenPeople(context),
        messages=GivenChannels(context),
        events=GivenEvents(context),
        secrets=data,
        target_freight=TargetFreight(data, _facts(context).freight_name),
    )


def _meta(context: dict[str, Any], part: str) -> dict[str, Any]:
    return ((context.get("ctx") or {}).get("meta") or {}).get(part) or {}


def _facts(context: dict[str, Any]) -> PromotionFacts:
    ctx = context.get("ctx") or {}
    target = ctx.get("targetFreight") or {}
    return PromotionFacts(
        ui_base_url=ctx.get("uiBaseUrl", ""),
        project=ctx.get("project", "project"),
        promotion=ctx.get("promotion", "promotion"),
        stage=ctx.get("stage", "stage"),
        freight_name=target.get("name", ""),
        freight_alias=target.get("alias", ""),
        warehouse=(target.get("origin") or {}).get("name", ""),
        actor_label=_meta(context, "promotion").get("actor", ""),
        is_rollback=bool(_meta(context, "promotion").get("rollback", False)),
    )


def _scope(context: dict[str, Any]) -> Scope:
    references = tuple(FreightReference.from_json(item) for item in context.get("freight") or ())
    return Scope(
        facts=_facts(context),
        promotion_vars=[{"name": name, "value": value} for name, value in (context.get("vars") or {}).items()],
        state=context.get("outputs") or {},
        step_facts=(),
        references=references,
        requested_origins=tuple(RequestedOrigin.from_reference(reference) for reference in references),
        lookups=_Data(context),
    )
