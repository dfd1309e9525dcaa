"""What expressions see of an HTTP answer. Pure."""

import json
from typing import Any

from expressions import Function
from integrations.http import HttpResponse
from promotions.files.errors import DocumentError
from promotions.files.yaml import read_yaml

_YAML_TYPES = frozenset({"application/yaml", "text/yaml", "application/x-yaml"})


class BadBody(Exception):
    """The body is not what its media type says."""


def build_scope(response: HttpResponse, content_type: str) -> dict[str, Any]:
    """`{"response": {"status", "headers", "header", "body"}}`; a `content_type` overrides the answer's own.

    Raises BadBody.
    """

    def header(name: str) -> str:
        return response.headers.get(name) or ""

    headers: dict[str, list[str]] = {}
    for name, value in response.headers.items:
        headers.setdefault(_spell_header(name), []).append(value)
    media_type = (content_type or header("content-type")).partition(";")[0].strip().lower()
    return {
        "response": {
            "status": response.status,
            "headers": headers,
            "header": Function("header", header, 1, 1, (str,)),
            "body": _read_body(response.body, media_type),
        }
    }


def _read_body(body: bytes, media_type: str) -> Any:
    if not body:
        return {}
    if media_type == "text/plain":
        return body.decode(errors="replace")
    if media_type in _YAML_TYPES:
        try:
            return read_yaml(body)
        except DocumentError as error:
            raise BadBody(f"The response is not the YAML it says it is: {error}.") from error
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        if media_type != "application/json":
            return {}
        raise BadBody("The response is not the JSON it says it is.") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _spell_header(name: str) -> str:
    """`content-type` as `Content-Type`, the spelling expressions are written with."""
    return "-".join(part.capitalize() for part in name.split("-"))
