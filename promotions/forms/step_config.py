"""The web form of a step's config, made of its model: fields, groups that repeat, errors at the field, and YAML.

A component: a page gives it a step and what was sent (or a config to begin with), draws `form.part` with
`promotions/step_config_part.html`, and takes `form.config`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from expressions import ExpressionError, check_template
from promotions.changesets import render_yaml
from promotions.forms.step_config_tree import (
    BY_EXPRESSION,
    EXPRESSION,
    KEY,
    MISSING,
    Node,
    Shape,
    plant,
    read,
    value_of,
)
from promotions.steps.base import Step
from promotions.steps.schema import config_schema, list_rules
from promotions.steps.templates import holds_expression, list_certain_errors
from promotions.steps.violations import say_violation

_PREFIX = "config"
# Fields that usually hold more than a line.
_LONG = frozenset({"body", "contents", "description", "display", "ignore", "message", "signingKey", "text"})
_PLAIN = {"spellcheck": "false", "autocapitalize": "none", "autocorrect": "off", "autocomplete": "off"}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the form as a template draws it; `control` of texts and choices, `expression` of all but texts."""

    shape: Shape
    name: str
    label: str
    help: str
    is_required: bool
    rules: list[str]
    control: forms.BoundField | None
    expression: forms.BoundField | None
    key: forms.BoundField | None
    children: "list[Part]"


class StepConfigForm(forms.Form):
    """The fields of one tree. `needed` names what is required and empty, which is no error while somebody types.

    A form that nobody has touched has no errors either, unless it `is_final`; then it is not `is_complete`.
    """

    def __init__(self, step: Step[Any], root: Node, *, is_final: bool = False) -> None:
        super().__init__(_flatten(root), auto_id="id_%s")
        self.step, self.root, self.is_final = step, root, is_final
        self.needed: list[str] = []
        self.is_complete = True
        for node in root.walk():
            self.fields.update(_fields_of(node, is_root=node is root))

    @classmethod
    def from_post(cls, step: Step[Any], data: Mapping[str, Any]) -> "StepConfigForm":
        """What a browser sent; `add` or `remove` name the list or entry to change, `check` asks for a final word."""
        root = read(config_schema(step), _PREFIX, data)
        for node in list(root.walk()):
            if node.name == data.get("add"):
                node.add_row()
            if any(child.name == data.get("remove") for child in node.children):
                node.remove_row(str(data["remove"]))
        return cls(step, root, is_final="check" in data)

    @classmethod
    def from_config(cls, step: Step[Any], config: Mapping[str, Any] | None) -> "StepConfigForm":
        """A config to begin with; None is an empty form."""
        return cls(step, plant(config_schema(step), _PREFIX, MISSING if config is None else config))

    @property
    def part(self) -> Part:
        """The whole form, for a template."""
        return self._draw(self.root, below_pairs=False)

    @property
    def error_places(self) -> list[tuple[forms.BoundField, forms.BoundField | None]]:
        """For each part the field its errors stand at, and a second one whose errors stand there too."""
        places: list[tuple[forms.BoundField, forms.BoundField | None]] = []
        for node in self.root.walk():
            expression = self[f"{node.name}{EXPRESSION}"] if f"{node.name}{EXPRESSION}" in self.fields else None
            if node.name in self.fields:
                places.append((self[node.name], expression))
            elif expression is not None:
                places.append((expression, None))
        return places

    @property
    def config(self) -> dict[str, Any]:
        """The config as it stands, valid or not."""
        value = value_of(self.root)
        return value if isinstance(value, dict) else {}

    @property
    def yaml(self) -> str:
        """The step as it stands in a template."""
        return render_yaml({"uses": self.step.kind, **({"config": self.config} if self.config else {})})

    def clean(self) -> None:
        """Check the whole config by the step's own model, and every expression by its grammar."""
        for node in self.root.walk():
            if holds_expression(node.text):
                try:
                    check_template(node.text)
                except ExpressionError as error:
                    self._blame(node, str(error))
        is_untouched = not any(node.text or node.key for node in self.root.walk())
        for found in list_certain_errors(self.step, self.config):
            self.is_complete = False
            if found["type"] == "missing":
                self.needed.append(_spell(found["loc"]))
            if self.is_final or not (is_untouched or found["type"] == "missing"):
                self._blame(self._find(found["loc"]), say_violation(found, self.step.config))

    def _draw(self, node: Node, *, below_pairs: bool) -> Part:
        def field(suffix: str = "") -> forms.BoundField | None:
            name = f"{node.name}{suffix}"
            return self[name] if name in self.fields else None

        return Part(
            shape=node.shape,
            name=node.name,
            label=node.label,
            help=node.schema.get("description", ""),
            is_required=node.is_required,
            rules=list_rules(node.schema),
            control=field(),
            expression=field(EXPRESSION),
            key=field(KEY) if below_pairs else None,
            children=[self._draw(child, below_pairs=node.shape is Shape.PAIRS) for child in node.children],
        )

    def _find(self, location: tuple[str | int, ...]) -> Node:
        """The part of the config that pydantic means, or the nearest one around it."""
        node = self.root
        for part in location:
            by_index = node.shape is Shape.ROWS and isinstance(part, int) and part < len(node.children)
            below = [node.children[int(part)]] if by_index else _named(node, str(part))
            if not below:
                break
            node = below[0]
        return node

    def _blame(self, node: Node, text: str) -> None:
        is_field = node.shape in (Shape.TEXT, Shape.CHOICE)
        name = node.name if is_field else f"{node.name}{EXPRESSION}"
        self.add_error(name if name in self.fields else None, text[:1].upper() + text[1:])


def _spell(location: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")


def _named(node: Node, name: str) -> list[Node]:
    wanted = "key" if node.shape is Shape.PAIRS else "label"
    return [child for child in node.children if getattr(child, wanted) == name]


def _flatten(root: Node) -> dict[str, str]:
    """What the fields of the form are bound to."""
    data = {}
    for node in root.walk():
        is_chosen = node.shape is Shape.CHOICE and node.text in ("", *node.choices)
        if node.shape is Shape.TEXT or is_chosen:
            data[node.name] = node.text
        else:
            data[node.name], data[f"{node.name}{EXPRESSION}"] = BY_EXPRESSION, node.text
        data[f"{node.name}{KEY}"] = node.key
    return data


def _fields_of(node: Node, *, is_root: bool) -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = {f"{node.name}{KEY}": forms.CharField(label="Name", required=False)}
    if node.shape is Shape.TEXT:
        fields[node.name] = _text_field(node)
        return fields
    if node.shape is Shape.CHOICE:
        default = node.schema.get("default")
        left_out = "left out" if default is None else f"left out: {str(default).lower()}"
        words = [("", left_out), *((word, word) for word in node.choices), (BY_EXPRESSION, "an expression")]
        fields[node.name] = forms.ChoiceField(
            label=node.label, required=False, choices=words, help_text=node.schema.get("description", "")
        )
    if is_root:
        return fields
    fields[f"{node.name}{EXPRESSION}"] = forms.CharField(
        label="Expression",
        required=False,
        widget=forms.TextInput(attrs={**_PLAIN, "class": "mono", "placeholder": "${{ … }}"}),
    )
    return fields


def _text_field(node: Node) -> forms.Field:
    attributes: dict[str, Any] = {**_PLAIN, "class": "mono"}
    default = node.schema.get("default")
    if default is not None:
        attributes["placeholder"] = str(default)
    is_long = node.label in _LONG or "\n" in node.text
    widget = forms.Textarea(attrs={**attributes, "rows": 4}) if is_long else forms.TextInput(attrs=attributes)
    help_text = node.schema.get("description", "")
    if not node.schema.get("type"):
        help_text = f'{help_text} Read as YAML: 3 is a number, "3" a text.'.strip()
    return forms.CharField(label=node.label, required=False, strip=False, widget=widget, help_text=help_text)
