"""World: everything that will exist once the documents are applied; what checks look things up in. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from promotions.changesets.kinds import Key
from promotions.graph import StageInputs


@dataclass(frozen=True, slots=True)
class World:
    """Contents by key, stored objects overlaid with those of the documents.

    `is_complete` is False offline, where what the given files do not hold may still exist. `unreadable` are objects
    that documents describe wrongly: they exist, and nothing is known about them.
    """

    objects: Mapping[Key, Mapping[str, Any]]
    is_complete: bool
    unreadable: Set[Key] = frozenset()

    def has(self, kind: str, project: str, name: str) -> bool:
        """True when the object will exist; cluster-wide kinds are found from every project."""
        key = _key(kind, project, name)
        return key in self.objects or key in self.unreadable

    def find(self, kind: str, project: str, name: str) -> Mapping[str, Any] | None:
        """Contents of one object, if it exists and can be read."""
        return self.objects.get(_key(kind, project, name))

    def list_names(self, kind: str, project: str) -> list[str]:
        """Names of the objects of one kind that a project can use."""
        owner = "" if kind.startswith("Cluster") else project
        return sorted(key.name for key in self.objects if key.kind == kind and key.project == owner)

    def stage_inputs(self, project: str) -> dict[str, StageInputs]:
        """What each stage of a project takes freight from."""
        return {
            key.name: inputs_of(contents)
            for key, contents in self.objects.items()
            if key.kind == "Stage" and key.project == project
        }


def _key(kind: str, project: str, name: str) -> Key:
    return Key(kind, "" if kind == "Project" or kind.startswith("Cluster") else project, name)


def inputs_of(spec: Mapping[str, Any]) -> StageInputs:
    """Warehouses a stage takes freight from directly, and its upstream stages."""
    requests = spec.get("requestedFreight") or []
    return StageInputs(
        warehouses=_once(r["origin"]["name"] for r in requests if r["sources"].get("direct")),
        stages=_once(name for r in requests for name in r["sources"].get("stages") or ()),
    )


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def template_of(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """`promotionTemplate.spec`, or nothing."""
    template: Mapping[str, Any] = (spec.get("promotionTemplate") or {}).get("spec") or {}
    return template


def steps_of(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps of a stage's template."""
    return template_of(spec).get("steps") or []


def variables_of(*lists: Any) -> Iterator[tuple[str, str]]:
    """(name, value) of lists of variables, one after the other; no value is empty text."""
    for variables in lists:
        for variable in variables or ():
            yield variable["name"], variable.get("value") or ""
