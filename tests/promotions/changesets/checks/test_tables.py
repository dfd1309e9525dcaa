"""The tables of the checks say what the engine really offers."""

from typing import Any

import pytest

from expressions import Function, evaluate
from promotions.changesets.checks.artifacts import FIELDS
from promotions.changesets.checks.scopes import (
    ARTIFACT_FUNCTIONS,
    DATA_FUNCTIONS,
    FULL_CONTEXT,
    STATUS_FUNCTIONS,
    Arity,
)
from promotions.planning.artifacts import Collection, RequestedOrigin
from promotions.planning.facts import PromotionFacts
from promotions.planning.functions import artifact_functions, data_functions, status_functions
from promotions.planning.scope import Scope, evaluate_config
from promotions.references import (
    ChartReference,
    CommitReference,
    FreightReference,
    ImageReference,
    OtherReference,
)

REFERENCE = FreightReference(
    name="f",
    origin="Warehouse/main",
    commits=(CommitReference("https://x/y", "1"),),
    images=(ImageReference("x/y"),),
    charts=(ChartReference("oci://x/y"),),
    artifacts=(OtherReference("custom", "s", "1"),),
)
CALLS = {
    "commitFrom": 'commitFrom("https://x/y")',
    "imageFrom": 'imageFrom("x/y")',
    "chartFrom": 'chartFrom("oci://x/y")',
    "artifactFrom": 'artifactFrom("s")',
}


class Lookups:
    """Nothing is looked up: only the functions' shapes are read."""

    def __getattr__(self, name: str) -> Any:
        return lambda _: None


def arities(functions: dict[str, Function]) -> dict[str, Arity]:
    return {name: (function.min_args, function.max_args) for name, function in functions.items()}


def collection() -> Collection:
    return Collection((REFERENCE,), (RequestedOrigin.from_reference(REFERENCE),))


def test_the_functions_are_those_of_the_engine():
    assert arities(artifact_functions(collection())) == ARTIFACT_FUNCTIONS
    assert arities(data_functions(Lookups())) == DATA_FUNCTIONS
    assert arities(status_functions((), "")) == STATUS_FUNCTIONS


@pytest.mark.parametrize("name", CALLS)
def test_the_fields_of_artifacts_are_those_of_the_engine(name):
    record = evaluate(CALLS[name], artifact_functions(collection()))

    assert tuple(record.fields) == FIELDS[name]


def test_the_context_is_that_of_the_engine():
    facts = PromotionFacts("", "p", "p", "s", "f", "f", "w")
    scope = Scope(facts, (), {}, (), (), (), Lookups())

    context = evaluate_config(scope, {"as": "x", "config": {"value": "${{ ctx }}"}})["value"]

    assert keys_of(context) == keys_of(FULL_CONTEXT)


def keys_of(value: Any) -> Any:
    return {key: keys_of(item) for key, item in value.items()} if isinstance(value, dict) else None
