"""When freight is available to a stage: the one rule, for promoting, re-checking and listing. Pure.

Source: Kargo code, `IsFreightAvailable`; Kargo docs, Working with Stages (sources, soak time).
Differs: listing uses this rule too (Kargo's listing looks at soak in stages that are no source); a request
without any source lets nothing pass but approved freight, also with the strategy All.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from promotions.gates.gate import Gate, GateKind, GateState

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[hms])+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)([hms])")
_SECONDS = {"h": 3600, "m": 60, "s": 1}


@dataclass(frozen=True, slots=True)
class FreightRequest:
    """One entry of a stage's requestedFreight. `origin` is an origin key: `Warehouse/<name>`."""

    origin: str
    direct: bool = False
    upstream: tuple[str, ...] = ()
    soak: timedelta = timedelta()
    needs_all: bool = False

    @classmethod
    def from_spec(cls, requested: Mapping[str, Any]) -> "FreightRequest":
        """Read {"origin": {"kind", "name"}, "sources": {...}}."""
        origin, sources = requested["origin"], requested.get("sources") or {}
        return cls(
            origin=f"{origin.get('kind') or 'Warehouse'}/{origin['name']}",
            direct=bool(sources.get("direct")),
            upstream=tuple(sources.get("stages") or ()),
            soak=parse_soak_time(sources.get("requiredSoakTime") or "0s"),
            needs_all=sources.get("availabilityStrategy") == "All",
        )


@dataclass(frozen=True, slots=True)
class FreightMarks:
    """What is recorded of one piece of freight.

    `verified`: stage -> longest finished stay there. `present`: stage -> since when. `approved`: stages.
    """

    verified: Mapping[str, timedelta] = field(default_factory=dict)
    present: Mapping[str, datetime] = field(default_factory=dict)
    approved: Collection[str] = ()

    def soak(self, stage: str, now: datetime) -> timedelta:
        """How long it soaked in a stage: the clock starts at its entry, verification makes it count."""
        if stage not in self.verified:
            return timedelta()
        stay = now - self.present[stage] if stage in self.present else timedelta()
        return max(self.verified[stage], stay)


def judge_availability(
    stage: str,
    request: FreightRequest,
    marks: FreightMarks,
    *,
    known_stages: Mapping[str, bool],
    now: datetime,
) -> Gate:
    """The availability gate of a stage for freight of the requested origin.

    `known_stages`: name -> is it a control-flow stage. `until` is set only when that time is sure: the
    freight is verified and soaking.
    """
    if stage in marks.approved:
        return _gate(GateState.PASSED, f'Approved for "{stage}", whatever its upstream stages say')
    if request.direct:
        return _gate(GateState.PASSED, f"Taken directly from warehouse {_warehouse(request)}")
    if not request.upstream:
        text = f'Stage "{stage}" names no source of freight from warehouse {_warehouse(request)}'
        return _gate(GateState.FAILED, text)
    verdicts = [_judge_upstream(name, request.soak, marks, known_stages, now) for name in request.upstream]
    return _join_all(verdicts) if request.needs_all else _join_any(verdicts)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What one upstream stage says."""

    upstream: str
    state: GateState
    verified: bool
    text: str
    since: datetime | None = None
    until: datetime | None = None


def _judge_upstream(
    name: str, soak: timedelta, marks: FreightMarks, known_stages: Mapping[str, bool], now: datetime
) -> _Verdict:
    if name not in known_stages:
        return _Verdict(name, GateState.FAILED, False, f'Upstream stage "{name}" does not exist')
    if name not in marks.verified:
        text = f'Not verified in "{name}" yet'
        return _Verdict(name, GateState.WAITING, False, text, since=marks.present.get(name))
    soaked = marks.soak(name, now)
    if soaked >= soak:
        text = f'Verified in "{name}"' + (f", soaked {describe_duration(soaked)}" if soak else "")
        return _Verdict(name, GateState.PASSED, True, text)
    if name in marks.present:
        since = marks.present[name]
        text = f"Soak {describe_duration(since + soak - now)} left in {name}"
        return _Verdict(name, GateState.WAITING, True, text, since=since, until=since + soak)
    if known_stages[name]:
        text = f'Freight never stays in control-flow stage "{name}", so it cannot soak there'
        return _Verdict(name, GateState.FAILED, True, text)
    text = f"Soaked {describe_duration(soaked)} of {describe_duration(soak)} in {name}, and is no longer there"
    return _Verdict(name, GateState.WAITING, True, text)


def _join_any(verdicts: Sequence[_Verdict]) -> Gate:
    """One stage is enough: the open one, else the one that opens first, else all that may still open."""
    for verdict in verdicts:
        if verdict.state is GateState.PASSED:
            return _gate_of(verdict)
    soaking = [(verdict.until, verdict) for verdict in verdicts if verdict.until]
    if soaking:
        return _gate_of(min(soaking, key=lambda pair: pair[0])[1])
    waiting = [verdict for verdict in verdicts if verdict.state is GateState.WAITING]
    unverified = [verdict for verdict in waiting if not verdict.verified]
    if len(unverified) == len(waiting) > 1:
        return _gate(GateState.WAITING, _not_verified(unverified, "or"), since=_earliest(unverified))
    return _gate_of((waiting or list(verdicts))[0])


def _join_all(verdicts: Sequence[_Verdict]) -> Gate:
    """Every stage is needed: what can't open, else what is not verified, else the longest soak."""
    failed = [verdict for verdict in verdicts if verdict.state is GateState.FAILED]
    if failed:
        return _gate_of(failed[0])
    unverified = [verdict for verdict in verdicts if not verdict.verified]
    if unverified:
        return _gate(GateState.WAITING, _not_verified(unverified, "and"), since=_earliest(unverified))
    waiting = [verdict for verdict in verdicts if verdict.state is GateState.WAITING]
    for verdict in waiting:
        if verdict.until is None:
            return _gate_of(verdict)
    soaking = [(verdict.until, verdict) for verdict in waiting if verdict.until]
    if soaking:
        return _gate_of(max(soaking, key=lambda pair: pair[0])[1])
    return _gate(GateState.PASSED, "; ".join(verdict.text for verdict in verdicts))


def _not_verified(verdicts: Sequence[_Verdict], joiner: str) -> str:
    names = [f'"{verdict.upstream}"' for verdict in verdicts]
    listed = f" {joiner} ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return f"Not verified in {listed} yet"


def _earliest(verdicts: Sequence[_Verdict]) -> datetime | None:
    return min((verdict.since for verdict in verdicts if verdict.since), default=None)


def _gate_of(verdict: _Verdict) -> Gate:
    return _gate(verdict.state, verdict.text, since=verdict.since, until=verdict.until)


def _gate(state: GateState, text: str, *, since: datetime | None = None, until: datetime | None = None) -> Gate:
    return Gate(GateKind.AVAILABILITY, state, text, since=since, until=until)


def _warehouse(request: FreightRequest) -> str:
    return f'"{request.origin.partition("/")[2]}"'


@lru_cache(maxsize=256)
def parse_soak_time(text: str) -> timedelta:
    """Read hours, minutes and seconds: `1h30m`, `1.5h`, `0s`. Raises ValueError."""
    if not _DURATION.fullmatch(text):
        raise ValueError(f'"{text}" is no soak time; write hours, minutes and seconds such as 1h30m.')
    return timedelta(seconds=sum(float(n) * _SECONDS[unit] for n, unit in _DURATION_PART.findall(text)))


def describe_duration(duration: timedelta) -> str:
    """Two units for people, begun minutes counted whole: `2 d 3 h`, `1 h 12 m`, `5 m`, `40 s`."""
    seconds = max(0, -(-duration // timedelta(seconds=1)))
    if seconds < 60:
        return f"{seconds} s"
    minutes = -(-seconds // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "m")]
    while not parts[0][0]:
        parts.pop(0)
    return " ".join(f"{value} {unit}" for value, unit in parts[:2] if value)
