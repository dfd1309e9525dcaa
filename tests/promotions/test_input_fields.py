import pytest

from promotions.input_fields import list_fields, read_values

PARTS = {
    "name": {"type": "string", "title": "Name", "description": "Who", "default": "x"},
    "count": {"type": "integer", "default": 3},
    "share": {"type": ["number", "null"]},
    "really": {"type": "boolean", "default": True},
    "size": {"enum": ["s", 2, None], "default": 2},
    "notes": {"type": "string", "maxLength": 500},
    "more": {"type": "array", "items": {"type": "string"}, "default": ["a"]},
    "day": {"type": "string", "format": "date"},
}
SCHEMA = {"type": "object", "required": ["name"], "properties": PARTS}


def test_each_kind_of_value_has_a_field_of_its_own():
    fields = {field.name: field for field in list_fields(SCHEMA)}

    assert [field.kind for field in fields.values()] == [
        *("text", "integer", "number", "boolean", "choice", "long", "json", "text")
    ]
    assert (fields["name"].label, fields["name"].help, fields["name"].is_required) == ("Name", "Who", True)
    assert fields["count"].value == "3"
    assert fields["really"].value == "on"
    assert (fields["size"].choices, fields["size"].value) == ((("0", "s"), ("1", "2"), ("2", "null")), "1")
    assert fields["more"].value == '[\n  "a"\n]'
    assert fields["day"].input_type == "date"


def test_what_was_typed_wins_over_the_default():
    typed = {"value-name": "<b>", "value-count": "many"}

    fields = {field.name: field for field in list_fields(SCHEMA, typed=typed, errors={"count": "no"})}

    assert (fields["name"].value, fields["count"].value, fields["count"].error) == ("<b>", "many", "no")
    assert fields["really"].value == ""


def test_reads_values_of_the_right_type():
    typed = {
        "value-name": "a",
        "value-count": " 7 ",
        "value-share": "2.5",
        "value-really": "on",
        "value-size": "1",
        "value-notes": "a\r\nb",
        "value-more": '["x"]',
        "value-day": "",
        "value-other": "ignored",
    }

    values, errors = read_values(SCHEMA, typed)

    assert errors == {}
    assert values == {
        "name": "a",
        "count": 7,
        "share": 2.5,
        "really": True,
        "size": 2,
        "notes": "a\nb",
        "more": ["x"],
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("count", "1.5"),
        ("count", "abc"),
        ("share", "nan"),
        ("share", "1e999"),
        ("size", "3"),
        ("size", "-1"),
        ("size", "s"),
        ("more", "[NaN]"),
        ("more", "[" * 20_000),
        ("more", "["),
        ("name", "x" * 10_001),
    ],
)
def test_refuses_what_cannot_be_read(name, text):
    values, errors = read_values(SCHEMA, {f"value-{name}": text})

    assert name in errors
    assert name not in values
