import pytest

from promotions.steps.base import Done, StepFailed
from promotions.steps.set_freight_alias import STEP, Config


@pytest.fixture
def freight(bench):
    bench.aliases.by_name.update({"f1": "fine-fox", "f2": "old-owl"})
    return bench


def test_sets_the_alias_and_tells_the_old_one(freight):
    result = freight.run("set-freight-alias", {"name": "f1", "alias": "release-7"})

    message = 'updated alias of Freight "f1" from "fine-fox" to "release-7"'
    assert result == Done(message=message)
    assert freight.aliases.by_name["f1"] == "release-7"
    # The log of the promotion has the message, once.
    assert freight.lines == []


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"name": "nope", "alias": "a"}, 'Freight "nope" does not exist'),
        ({"name": "f1", "alias": "old-owl"}, 'Cannot set the alias of Freight "f1": .* is taken'),
        ({"name": "f1", "alias": ""}, "alias: must not be empty"),
        ({"name": "f1"}, "alias: is required"),
        ({"name": "f1", "alias": 7}, "alias: must be a string"),
    ],
)
def test_fails_when_it_cannot_be_set(freight, config, message):
    with pytest.raises(StepFailed, match=message) as caught:
        freight.run("set-freight-alias", config)

    assert not caught.value.retry


def test_a_preview_changes_nothing(freight):
    said = STEP.would(freight.context(), Config(name="f1", alias="release-7"))

    assert said.message == 'would set the alias of Freight "f1" to "release-7"'
    assert freight.aliases.by_name["f1"] == "fine-fox"
