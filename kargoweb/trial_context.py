"""The context of a trial as a person wrote it: every part may be missing, but what is there must have its shape."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from promotions.planning.plan import ALIAS_SEPARATOR
from promotions.steps.violations import list_violations

_TASK = f"task{ALIAS_SEPARATOR}"


class BadContext(Exception):
    """The context cannot be used; the text names the parts that are wrong."""


def _or_map(value: object) -> object:
    return {} if value is None else value


def _or_list(value: object) -> object:
    return [] if value is None else value


Map = Annotated[dict[str, Any], BeforeValidator(_or_map)]
Maps = Annotated[dict[str, Map], BeforeValidator(_or_map)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True, validate_by_alias=True)


class _Origin(_Part):
    kind: str = "Warehouse"
    name: str = ""


class _Artifact(_Part):
    repo_url: str = Field(alias="repoURL", min_length=1)


class _Commit(_Artifact):
    id: str = ""


class _Other(_Part):
    artifact_type: str = Field("", alias="artifactType")
    subscription_name: str = Field("", alias="subscriptionName")
    version: str = ""


class _Freight(_Part):
    name: str = ""
    origin: Annotated[_Origin, BeforeValidator(_or_map)] = Field(default_factory=_Origin)
    commits: Annotated[list[_Commit], BeforeValidator(_or_list)] = Field(default_factory=list)
    images: Annotated[list[_Artifact], BeforeValidator(_or_list)] = Field(default_factory=list)
    charts: Annotated[list[_Artifact], BeforeValidator(_or_list)] = Field(default_factory=list)
    artifacts: Annotated[list[_Other], BeforeValidator(_or_list)] = Field(default_factory=list)


class _Credential(_Part):
    type: str
    repo_url: str = Field(alias="repoURL")
    username: str = ""
    password: str = ""


class _Promotion(_Part):
    actor: str = ""
    rollback: bool = False


class _Step(_Part):
    alias: str = "step-1"


class _Meta(_Part):
    promotion: Annotated[_Promotion, BeforeValidator(_or_map)] = Field(default_factory=_Promotion)
    step: Annotated[_Step, BeforeValidator(_or_map)] = Field(default_factory=_Step)


class _Target(_Part):
    name: str = ""
    alias: str = ""
    origin: Annotated[_Origin, BeforeValidator(_or_map)] = Field(default_factory=_Origin)


class _Ctx(_Part):
    project: str = "project"
    promotion: str = "promotion"
    stage: str = "stage"
    ui_base_url: str = Field("", alias="uiBaseUrl")
    target_freight: Annotated[_Target, BeforeValidator(_or_map)] = Field(
        default_factory=_Target, alias="targetFreight"
    )
    meta: Annotated[_Meta, BeforeValidator(_or_map)] = Field(default_factory=_Meta)


class _Task(_Part):
    outputs: Map = Field(default_factory=dict)


def _name_outputs(outputs: dict[str, Any]) -> dict[str, Any]:
    for alias, output in outputs.items():
        if output is not None and not isinstance(output, dict):
            raise ValueError(f'what step "{alias}" gave must be a map')
    return outputs


class _Context(_Part):
    ctx: Annotated[_Ctx, BeforeValidator(_or_map)] = Field(default_factory=_Ctx)
    vars: Map = Field(default_factory=dict)
    outputs: Annotated[Map, AfterValidator(_name_outputs)] = Field(default_factory=dict)
    task: Annotated[_Task, BeforeValidator(_or_map)] = Field(default_factory=_Task)
    freight: Annotated[list[_Freight], BeforeValidator(_or_list)] = Field(default_factory=list)
    stage_metadata: Map = Field(default_factory=dict, alias="stageMetadata")
    freight_metadata: Map = Field(default_factory=dict, alias="freightMetadata")
    secrets: Maps = Field(default_factory=dict)
    config_maps: Maps = Field(default_factory=dict, alias="configMaps")
    credentials: Annotated[list[_Credential], BeforeValidator(_or_list)] = Field(default_factory=list)


def complete_context(given: dict[str, Any]) -> None:
    """Add the parts that are missing, in place: what a step records in the context stays visible. Raises BadContext.

    The outputs of a task come to lie under its alias, as in a promotion.
    """
    if not isinstance(given, dict):
        raise BadContext("context: must be a map")
    try:
        given.update(_Context.model_validate(given).model_dump(by_alias=True))
    except ValidationError as error:
        raise BadContext("; ".join(f"context.{text}" for text in list_violations(error, _Context))) from error
    step, of_task = given["ctx"]["meta"]["step"], given["task"]["outputs"]
    if of_task and ALIAS_SEPARATOR not in step["alias"]:
        step["alias"] = f"{_TASK}{step['alias']}"
    prefix = f"{step['alias'].rpartition(ALIAS_SEPARATOR)[0]}{ALIAS_SEPARATOR}"
    given["outputs"] |= {f"{prefix}{alias}": output for alias, output in of_task.items()}
