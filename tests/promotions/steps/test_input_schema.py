import time

import pytest

from promotions.steps.input_schema import find_schema_fault, list_input_errors

OBJECT = {"type": "object"}


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ({}, "type must be object"),
        ({"type": "string"}, "type must be object"),
        ({**OBJECT, "properties": {"a": {"type": "text"}}}, "properties.a.type"),
        ({**OBJECT, "properties": {"a": {"pattern": "("}}}, "not a regular expression"),
        ({**OBJECT, "properties": {"a": {"pattern": "(?=x)"}}}, "not a regular expression of RE2"),
        ({**OBJECT, "patternProperties": {"(": {}}}, "not a regular expression"),
        ({**OBJECT, "properties": {"a": {"$ref": "http://169.254.169.254/x"}}}, "leads out of the schema"),
        ({**OBJECT, "properties": {"a": {"$ref": "file:///etc/passwd"}}}, "leads out of the schema"),
        ({**OBJECT, "properties": {f"p{n}": {} for n in range(51)}}, "more than 50 properties"),
        ({**OBJECT, "description": "x" * 70_000}, "larger than 64 KiB"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_says_why_a_schema_cannot_be_used(schema, fault):
    assert fault in find_schema_fault(schema)


@pytest.mark.parametrize("draft", ["draft-04", "draft-06", "draft-07"])
def test_takes_the_drafts_that_kargo_names(draft):
    assert find_schema_fault({**OBJECT, "$schema": f"http://json-schema.org/{draft}/schema#"}) == ""


def test_takes_a_schema_with_references_inside():
    schema = {**OBJECT, "definitions": {"v": {"type": "integer"}}, "properties": {"a": {"$ref": "#/definitions/v"}}}

    assert find_schema_fault(schema) == ""
    assert list_input_errors(schema, {"a": "x"})[0].field == "a"


@pytest.mark.parametrize("reference", ["#/definitions/none", "#/properties/a"])
def test_a_reference_to_nothing_or_to_itself_is_an_error_and_no_crash(reference):
    errors = list_input_errors({**OBJECT, "properties": {"a": {"$ref": reference}}}, {"a": 1})

    assert "cannot be used" in errors[0].message


def test_a_pattern_takes_linear_time():
    schema = {**OBJECT, "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    started = time.monotonic()

    assert list_input_errors(schema, {"a": "a" * 5000 + "!"})
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ({"type": "string", "pattern": "^v"}, "x", "This must match ^v."),
        ({"enum": ["a", "b"]}, "c", "This must be one of ['a', 'b']."),
        ({"type": "string", "minLength": 3}, "x", "This needs at least 3 characters."),
        ({"type": "integer", "maximum": 3}, 4, "This must be at most 3."),
        ({"type": "integer"}, "4", "'4' is not of type 'integer'"),
    ],
)
def test_says_what_is_wrong_with_a_value(part, value, said):
    (error,) = list_input_errors({**OBJECT, "properties": {"a": part}}, {"a": value})

    assert error == ("a", said)


def test_a_missing_value_is_told_at_its_field():
    assert list_input_errors({**OBJECT, "required": ["a"]}, {}) == [("a", "This is required.")]


def test_what_must_not_be_there_is_told_for_all_together():
    errors = list_input_errors({**OBJECT, "additionalProperties": False}, {"b": 1})

    assert errors[0].field == ""
