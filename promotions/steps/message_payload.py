"""What a message with an encodingType holds: the whole message as JSON, YAML or XML, for one kind of channel. Pure.

Source: Kargo docs, message formatting.
Differs: of XML each element is a field, an element that occurs several times is a list. An unknown field is an error.
"""

import json
from typing import Any, TypeVar
from xml.etree import ElementTree

from pydantic import ConfigDict, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from promotions.files.errors import DocumentError
from promotions.files.yaml import read_yaml
from promotions.steps.base import StepConfig, StepFailed
from promotions.steps.violations import list_violations

_LONGEST = 512 * 1024


def _listed(value: object) -> object:
    """XML cannot tell a list of one from one."""
    return value if isinstance(value, list) or value is None else [value]


class SlackPayload(StepConfig):
    """As chat.postMessage has it."""

    model_config = ConfigDict(alias_generator=None, extra="forbid", frozen=True, strict=True)

    text: str = ""
    blocks: list[dict[str, Any]] | None = None
    attachments: list[dict[str, Any]] | None = None
    channel: str = ""
    thread_ts: str = ""
    icon_emoji: str = ""
    icon_url: str = ""
    username: str = ""
    mrkdwn: bool | None = None
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None

    listed = field_validator("blocks", "attachments", mode="before")(_listed)


class SmtpPayload(StepConfig):
    """A mail."""

    subject: str = ""
    body: str = Field(min_length=1)
    to: list[str] = Field(default_factory=list)
    html: bool = False

    listed = field_validator("to", mode="before")(_listed)


class HttpPayload(StepConfig):
    """A request; where to is the channel's alone."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, strict=True)

    body: Any = None
    headers: dict[str, str] = Field(default_factory=dict)
    method: str = Field("", pattern="^(|GET|POST|PUT|PATCH|DELETE)$")
    query_params: dict[str, str] = Field(default_factory=dict)
    success_expression: str = ""
    failure_expression: str = ""


_Payload = TypeVar("_Payload", bound=StepConfig)


def read_payload(text: str, encoding: str, model: type[_Payload]) -> _Payload:
    """Decode and check the whole message. Raises StepFailed."""
    if len(text) > _LONGEST:
        raise StepFailed(f"message is larger than {_LONGEST // 1024} KiB")
    data = _decode(text, encoding)
    if not isinstance(data, dict):
        raise StepFailed(f"message must be a map in {encoding.upper()}: the fields of the message with their values")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise StepFailed(f"message: {'; '.join(list_violations(error, model))}") from error


def _decode(text: str, encoding: str) -> Any:
    try:
        match encoding:
            case "json":
                return json.loads(text)
            case "yaml":
                return read_yaml(text.encode())
            case _:
                return _read_xml(text)
    except (ValueError, RecursionError, DocumentError, ElementTree.ParseError) as error:
        raise StepFailed(f"message is not the {encoding.upper()} that encodingType says it is: {error}") from error


def _read_xml(text: str) -> Any:
    if "<!" in text.replace("<![CDATA[", ""):
        # Entities are how small documents become huge ones, and read files.
        raise ValueError("document types and entities are not read; leave <!DOCTYPE> and comments out")
    return _element(ElementTree.fromstring(text), depth=0)  # noqa: S314  # no entities, see above


def _element(element: ElementTree.Element, *, depth: int) -> Any:
    if depth > 40:
        raise ValueError("elements are nested too deeply")
    if not len(element):
        return _scalar(element.text or "")
    found: dict[str, Any] = {}
    for child in element:
        value = _element(child, depth=depth + 1)
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(found[child.tag], list):
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found


def _scalar(text: str) -> Any:
    return {"true": True, "false": False}.get(text.strip(), text)
