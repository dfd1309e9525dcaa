"""A step's config as JSON schema (draft 2020-12), made from its model, for editors, reference and web form.

What pydantic adds for itself is taken away: titles made of field names, defaults that only stand for "left out", and
null, which no field of ours takes. References are resolved, so a reader needs no second look.
"""

from typing import Any

from promotions.steps.base import Step

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def config_schema(step: Step[Any]) -> Schema:
    """The schema of the evaluated config; in a template every value may be an expression instead."""
    raw = step.config.model_json_schema(by_alias=True)
    schema = _clean(raw, raw.get("$defs", {}))
    return {"$schema": DIALECT, "title": step.kind, **schema}


def list_rules(schema: Schema) -> list[str]:
    """What must hold between the fields of an object, in words."""
    rules = [rule["description"] for rule in schema.get("allOf", ()) if "description" in rule]
    if schema.get("additionalProperties") is True and schema.get("minProperties"):
        rules.append("At least one property.")
    return rules


def _clean(node: Any, definitions: dict[str, Schema]) -> Any:
    if isinstance(node, list):
        return [_clean(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    node = _resolve(node, definitions)
    cleaned = {
        # Names of properties are the user's words, not words of JSON schema.
        key: {name: _clean(item, definitions) for name, item in value.items()}
        if key == "properties"
        else _clean(value, definitions)
        for key, value in node.items()
        if key != "$defs" and not (key == "title" and isinstance(value, str))
    }
    return _drop_stand_ins(cleaned)


def _resolve(node: Schema, definitions: dict[str, Schema]) -> Schema:
    """Follow a reference, and take `X or null` for X; what is said beside it stays."""
    kinds = [kind for kind in node.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1 and len(node["anyOf"]) == 2:
        node = {**kinds[0], **{key: value for key, value in node.items() if key != "anyOf"}}
    reference = str(node.get("$ref", ""))
    if not reference:
        return node
    beside = {key: value for key, value in node.items() if key != "$ref"}
    return {**_resolve(definitions[reference.rpartition("/")[2]], definitions), **beside}


def _drop_stand_ins(node: Schema) -> Schema:
    if "default" in node and node["default"] in ("", None, [], {}):
        del node["default"]
        if "" in node.get("enum", ()):
            node["enum"] = [word for word in node["enum"] if word]
    return node
