"""What we need to know of an Argo CD Application, read from the JSON of its server. Pure.

Source: Argo CD docs, Application specification and API.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

ERROR_CONDITIONS = frozenset({"ComparisonError", "InvalidSpecError"})
_COMPLETED = frozenset({"Succeeded", "Failed", "Error"})


@dataclass(frozen=True, slots=True)
class Source:
    """One source; `raw` is all of it, as Argo CD holds it."""

    repo_url: str
    chart: str
    target_revision: str
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """The last operation that Argo CD took up; `revisions`, one a source, is None without a sync result."""

    phase: str
    message: str
    initiated_by: str
    infos: Mapping[str, str]
    finished_at: datetime | None
    revisions: tuple[str, ...] | None

    @property
    def is_completed(self) -> bool:
        """True when it runs no more, whatever came of it."""
        return self.phase in _COMPLETED

    @property
    def has_failed(self) -> bool:
        """True when it ended, and badly."""
        return self.phase in ("Failed", "Error")


@dataclass(frozen=True, slots=True)
class Condition:
    """Something Argo CD wants to be known of an application."""

    type: str
    message: str


@dataclass(frozen=True, slots=True)
class Application:
    """An application as it stood when it was read; `health` and `sync` are Argo CD's words, or empty."""

    name: str
    namespace: str
    annotations: Mapping[str, str]
    sources: tuple[Source, ...]
    # True: its manifest says `sources`; false: `source`.
    is_multi_source: bool
    retry: Mapping[str, Any] | None
    sync_options: tuple[str, ...]
    health: str
    sync: str
    reconciled_at: datetime | None
    # Asked for, but not taken up yet.
    has_requested_operation: bool
    operation: Operation | None
    conditions: tuple[Condition, ...]

    def __str__(self) -> str:
        return f'Argo CD Application "{self.name}" in namespace "{self.namespace}"'

    @property
    def is_stale(self) -> bool:
        """True when its health was not looked at since its last operation finished."""
        if self.operation is None or self.operation.finished_at is None:
            return False
        # The same second will do: Argo CD looks at health after it has written when the operation finished.
        return self.reconciled_at is None or self.reconciled_at < self.operation.finished_at

    @property
    def is_operating(self) -> bool:
        """True while an operation is asked for or runs."""
        if self.has_requested_operation:
            return True
        return self.operation is not None and self.operation.finished_at is None

    def list_error_conditions(self) -> list[str]:
        """What makes the application unusable, in sentences."""
        found = (condition for condition in self.conditions if condition.type in ERROR_CONDITIONS)
        return [f'{self} has "{condition.type}" condition: {condition.message}' for condition in found]


def read_application(data: Mapping[str, Any]) -> Application:
    """Raises KeyError, TypeError, ValueError or AttributeError for what is not an Application."""
    metadata, spec, status = data["metadata"], data.get("spec") or {}, data.get("status") or {}
    raw_sources = spec.get("sources") or []
    single = spec.get("source")
    policy = spec.get("syncPolicy") or {}
    return Application(
        name=metadata["name"],
        namespace=metadata["namespace"],
        annotations=metadata.get("annotations") or {},
        sources=tuple(_read_source(raw) for raw in raw_sources or ([single] if single else [])),
        is_multi_source=bool(raw_sources),
        retry=policy.get("retry"),
        sync_options=tuple(policy.get("syncOptions") or ()),
        health=(status.get("health") or {}).get("status") or "",
        sync=(status.get("sync") or {}).get("status") or "",
        reconciled_at=_read_time(status.get("reconciledAt")),
        has_requested_operation=bool(data.get("operation")),
        operation=_read_operation(status.get("operationState")),
        conditions=tuple(
            Condition(condition.get("type", ""), condition.get("message", ""))
            for condition in status.get("conditions") or ()
        ),
    )


def _read_source(raw: Mapping[str, Any]) -> Source:
    return Source(raw.get("repoURL") or "", raw.get("chart") or "", raw.get("targetRevision") or "", raw)


def _read_operation(state: Mapping[str, Any] | None) -> Operation | None:
    if not state:
        return None
    asked, result = state.get("operation") or {}, state.get("syncResult")
    return Operation(
        phase=state.get("phase") or "",
        message=state.get("message") or "",
        initiated_by=(asked.get("initiatedBy") or {}).get("username") or "",
        infos={info.get("name", ""): info.get("value") or "" for info in asked.get("info") or ()},
        finished_at=_read_time(state.get("finishedAt")),
        revisions=tuple(result.get("revisions") or [result.get("revision") or ""]) if result else None,
    )


def _read_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
