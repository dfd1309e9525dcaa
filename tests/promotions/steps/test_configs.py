"""What configs of steps accept and refuse; the JSON schema that editors get says the same as the model."""

from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from promotions.steps.registry import find_step, list_steps
from promotions.steps.schema import DIALECT, config_schema

_GIT = {"repoURL": "https://h/r"}
_CLONE = {**_GIT, "checkout": [{"path": "src"}]}
_PR = {**_GIT, "prNumber": 7}
_PUSH = {"path": "src"}
_FILE = {"path": "f", "outputs": [{"name": "a", "fromExpression": "b"}]}
_SET = {"path": "f", "updates": [{"key": "a", "value": 1}]}
_APP = {"apps": [{"name": "a"}]}
_LABELS = {"matchLabels": {"a": "b"}}
_RENDER = {"path": "c", "outPath": "o"}
_IMAGE = "ghcr.io/acme/app"
_BY_KIND: dict[str, Any] = {"name": "uat", "values": {"a": 1}}


def _source(**more: Any) -> dict[str, Any]:
    return {"apps": [{"name": "a", "sources": [{"repoURL": "r", **more}]}]}


def _checkout(**more: Any) -> dict[str, Any]:
    return {**_GIT, "checkout": [{"path": "src", **more}]}


def _author(**author: Any) -> dict[str, Any]:
    return {**_CLONE, "author": author}


def _kustomized(**image: Any) -> dict[str, Any]:
    return _source(kustomize={"images": [{"repoURL": "r", **image}]})


# kind: (configs that are taken, configs that are refused)
_CASES: dict[str, tuple[list[Any], list[Any]]] = {
    "argocd-update": (
        [
            _APP,
            {"apps": [{"selector": _LABELS}]},
            {"apps": [{"selector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}]},
            _source(desiredRevision="1", updateTargetRevision=True),
            _kustomized(tag="1", digest=""),
            _source(helm={"images": [{"key": "k", "value": ""}]}),
        ],
        [
            {},
            {"apps": []},
            {"apps": [{}]},
            {"apps": [{"name": "a", "selector": _LABELS}]},
            {"apps": [{"selector": {}}]},
            {"apps": [{"selector": None}]},
            {"apps": [{"selector": {"matchExpressions": [{"key": "a", "operator": "Has"}]}}]},
            {"apps": [{"name": ""}]},
            {"apps": [{"name": "a", "sources": []}]},
            _source(updateTargetRevision=True),
            _source(kustomize=None),
            _kustomized(tag="1", digest="d"),
            _source(helm={"images": []}),
            _source(helm={}),
        ],
    ),
    "argocd-wait": (
        [_APP, {"apps": [{"name": "a", "waitFor": ["sync", "degraded"]}]}],
        [
            {"apps": [{"name": "a", "waitFor": []}]},
            {"apps": [{"name": "a", "waitFor": ["healthy"]}]},
            {"apps": [{"name": "a", "waitFor": ["sync", "sync"]}]},
            {"apps": {"name": "a"}},
        ],
    ),
    "compose-output": ([{"a": None}, {"a": {"b": [1]}}], [{}]),
    "copy": ([{"inPath": "a", "outPath": "b"}], [{"inPath": "a"}, {"inPath": "a", "outPath": ""}]),
    "delete": (
        [{"path": "a"}, {"paths": ["a"], "strict": True}],
        [{}, {"path": "a", "paths": ["b"]}, {"path": ""}, {"paths": []}, {"paths": [""]}, {"strict": True}],
    ),
    "fail": ([{}, {"message": "m"}], [{"message": ""}, {"text": "m"}, {"message": None}]),
    "file-write": (
        [{"path": "a", "contents": ""}, {"path": "a", "contents": "x", "permissions": "0640"}],
        [{"path": "a"}, {"path": "a", "contents": 1}, {"path": "a", "contents": "x", "permissions": "640"}],
    ),
    "git-clear": ([{"path": "a"}], [{}, {"path": ""}, {"path": ["a"]}]),
    "git-clone": (
        [
            _CLONE,
            {**_CLONE, "repoURL": "git@h:r.git"},
            _checkout(branch="main", tag="", create=True),
            _checkout(sparse=["a"]),
            _author(name="Ann", email="ann@example.com"),
            _author(name="Ann", email="Ann <ann@example.com>", signingKey=""),
        ],
        [
            _GIT,
            {**_GIT, "checkout": []},
            {**_CLONE, "repoURL": ""},
            _checkout(branch="main", commit="abc"),
            _checkout(branch="main", tag="v1"),
            _checkout(commit="abc", tag="v1"),
            _checkout(sparse=[]),
            _checkout(sparse=[""]),
            _checkout(create="true"),
            _checkout(path=""),
            _author(name="Ann"),
            _author(name="Ann", email="ann"),
            {**_CLONE, "author": None},
            {**_CLONE, "depth": 1},
        ],
    ),
    "git-commit": (
        [{"path": "a", "message": "m"}],
        [{"path": "a"}, {"path": "a", "message": ""}, {"path": "a", "message": "m", "author": None}],
    ),
    "git-merge-pr": (
        [_PR, {**_PR, "prNumber": 7.0, "wait": True, "mergeMethod": "squash"}],
        [
            _GIT,
            {**_PR, "prNumber": 0},
            {**_PR, "prNumber": "7"},
            {**_PR, "prNumber": 7.5},
            {**_PR, "mergeMethod": ""},
        ],
    ),
    "git-open-pr": (
        [
            {**_GIT, "sourceBranch": "a", "targetBranch": "b"},
            {**_GIT, "sourceBranch": "a", "targetBranch": "b", "labels": [], "provider": "gitea"},
        ],
        [
            {**_GIT, "sourceBranch": "a"},
            {"repoURL": "h/r", "sourceBranch": "a", "targetBranch": "b"},
            {**_GIT, "sourceBranch": "a", "targetBranch": "b", "provider": ""},
            {**_GIT, "sourceBranch": "a", "targetBranch": "b", "provider": "sourcehut"},
            {**_GIT, "sourceBranch": "a", "targetBranch": "b", "labels": [""]},
            {**_GIT, "sourceBranch": "a", "targetBranch": "b", "title": ""},
        ],
    ),
    "git-push": (
        [
            _PUSH,
            {**_PUSH, "targetBranch": "b", "generateTargetBranch": False, "tag": ""},
            {**_PUSH, "tag": "v1", "force": False},
            {**_PUSH, "maxAttempts": 3.0, "force": True},
        ],
        [
            {**_PUSH, "targetBranch": "b", "generateTargetBranch": True},
            {**_PUSH, "targetBranch": "b", "tag": "v1"},
            {**_PUSH, "generateTargetBranch": True, "tag": "v1"},
            {**_PUSH, "tag": "v1", "force": True},
            {**_PUSH, "maxAttempts": 0},
            {**_PUSH, "maxAttempts": 2**31},
            {**_PUSH, "maxAttempts": "3"},
            {**_PUSH, "provider": ""},
        ],
    ),
    "git-tag": (
        [{"path": "a", "tag": "v1", "message": "m"}],
        [{"path": "a", "tag": "v1"}, {"path": "a", "tag": "", "message": "m"}],
    ),
    "git-wait-for-pr": (
        [_PR, {**_PR, "pollInterval": "30s"}],
        [{**_PR, "prNumber": -1}, {**_PR, "pollInterval": "30"}, {**_PR, "provider": ""}],
    ),
    "github-push": (
        [_PUSH, {**_PUSH, "targetBranch": "b"}],
        [{**_PUSH, "targetBranch": "b", "generateTargetBranch": True}, {**_PUSH, "tag": "v1"}],
    ),
    "hcl-update": ([_SET], [{"path": "f", "updates": []}, {"path": "f", "updates": [{"key": "a"}]}]),
    "helm-template": (
        [{**_RENDER, "releaseName": "r"}, {**_RENDER, "releaseName": "r", "outLayout": "flat", "includeCRDs": True}],
        [
            _RENDER,
            {**_RENDER, "releaseName": "r", "outLayout": "tree"},
            {**_RENDER, "releaseName": "r", "crds": True},
        ],
    ),
    "helm-update-chart": (
        [{"path": "c"}, {"path": "c", "charts": [{"repository": "r", "name": "n", "version": "1"}]}],
        [{"path": "c", "charts": []}, {"path": "c", "charts": [{"repository": "r", "name": "n"}]}],
    ),
    "http": (
        [
            {"url": "u"},
            {"url": "u", "body": ""},
            {"url": "u", "body": "", "bodyFromFile": "f"},
            {"url": "u", "timeout": "1m30s", "proxy": "http://p"},
            {"url": "u", "responseContentType": "text/plain", "method": "POST"},
        ],
        [
            {"url": ""},
            {"url": "u", "method": "get"},
            {"url": "u", "method": "OPTIONS"},
            {"url": "u", "bodyFromFile": ""},
            {"url": "u", "body": "x", "bodyFromFile": "f"},
            {"url": "u", "timeout": "90"},
            {"url": "u", "proxy": "p:80"},
            {"url": "u", "responseContentType": ""},
            {"url": "u", "headers": [{"name": "a", "value": ""}]},
            {"url": "u", "headers": {"a": "b"}},
            {"url": "u", "outputs": [{"name": "a"}]},
        ],
    ),
    "http-download": (
        [{"url": "u", "outPath": "f", "timeout": "5m"}],
        [{"url": "u"}, {"url": "u", "outPath": "f", "method": "GET"}, {"url": "u", "outPath": "f", "timeout": ""}],
    ),
    "json-parse": ([_FILE], [{"path": "f"}, {"path": "f", "outputs": []}, {**_FILE, "path": ""}]),
    "json-update": ([_SET], [{"path": "f"}, {"path": "f", "updates": [{"key": "", "value": 1}]}]),
    "kustomize-build": (
        [_RENDER, {**_RENDER, "plugin": {"helm": {"apiVersions": ["v1"], "kubeVersion": ""}}}],
        [
            {"path": "c"},
            {**_RENDER, "outputFormat": "yaml"},
            {**_RENDER, "plugin": {"helm": {"apiVersions": [""]}}},
            {**_RENDER, "plugin": None},
        ],
    ),
    "kustomize-set-image": (
        [{"path": "a"}, {"path": "a", "images": []}, {"path": "a", "images": [{"image": "i", "tag": "1"}]}],
        [
            {"path": "a", "images": [{"image": "i"}]},
            {"path": "a", "images": [{"image": "i", "tag": "1", "digest": "d"}]},
            {"path": "a", "images": [{"image": "i", "tag": ""}]},
        ],
    ),
    "oci-download": (
        [{"imageRef": f"oci://{_IMAGE}:1", "outPath": "f"}, {"imageRef": f"{_IMAGE}@sha256:ab", "outPath": "f"}],
        [{"imageRef": _IMAGE, "outPath": "f"}, {"imageRef": f"{_IMAGE}:1", "outPath": "f", "mediaType": ""}],
    ),
    "oci-push": (
        [{"srcRef": f"{_IMAGE}@sha256:ab", "destRef": "h:5000/a:1", "annotations": {"index:a": ""}}],
        [
            {"srcRef": _IMAGE, "destRef": "h/a:1"},
            {"srcRef": f"{_IMAGE}:1", "destRef": "h/a@sha256:ab"},
            {"srcRef": f"{_IMAGE}:1", "destRef": "h/a:1", "annotations": {"a": 1}},
        ],
    ),
    "set-freight-alias": ([{"name": "n", "alias": "a"}], [{"name": "n"}, {"name": "n", "alias": ""}]),
    "set-metadata": (
        [{"updates": [{"kind": "Stage", **_BY_KIND}]}, {"updates": [{"kind": "Freight", **_BY_KIND}]}],
        [
            {"updates": []},
            {"updates": [{"kind": "Warehouse", **_BY_KIND}]},
            {"updates": [{"kind": "Stage", "name": "uat", "values": {}}]},
        ],
    ),
    "tar": ([{"inPath": "a", "outPath": "b", "gzip": True}], [{"inPath": "a", "outPath": "b", "gzip": 1}]),
    "toml-parse": ([_FILE], [{**_FILE, "outputs": [{"name": "", "fromExpression": "b"}]}]),
    "toml-update": ([_SET], [{**_SET, "create": True}]),
    "untar": (
        [{"inPath": "a", "outPath": "b", "stripComponents": 1.0}],
        [
            {"inPath": "a", "outPath": "b", "stripComponents": -1},
            {"inPath": "a", "outPath": "b", "stripComponents": 0.5},
            {"inPath": "a", "outPath": "b", "stripComponents": True},
            {"inPath": "a", "outPath": "b", "ignore": ""},
        ],
    ),
    "yaml-merge": (
        [{"inFiles": ["a"], "outFile": "b"}],
        [{"inFiles": [], "outFile": "b"}, {"inFiles": "a", "outFile": "b"}],
    ),
    "yaml-parse": ([_FILE], [{**_FILE, "outputs": [{"name": "a", "fromExpression": ""}]}, []]),
    "yaml-update": (
        [_SET, {"path": "f", "updates": [{"key": "a.0", "value": None}]}],
        [{"path": "f", "updates": [{"key": "a"}]}, {"path": "f", "updates": {"key": "a", "value": 1}}, "path"],
    ),
}
_TABLE = [
    pytest.param(kind, config, is_taken, id=f"{kind}-{'takes' if is_taken else 'refuses'}-{number}")
    for kind, columns in _CASES.items()
    for is_taken, configs in zip((True, False), columns, strict=True)
    for number, config in enumerate(configs)
]


def _check_email(value: object) -> bool:
    return not isinstance(value, str) or "@" in value


def _check_uri(value: object) -> bool:
    return not isinstance(value, str) or ":" in value


_FORMATS = jsonschema.FormatChecker(formats=())
_FORMATS.checks("email")(_check_email)
_FORMATS.checks("uri")(_check_uri)


@pytest.mark.parametrize(("kind", "config", "is_taken"), _TABLE)
def test_a_config_is_taken_or_refused_by_the_model_and_by_the_schema(kind, config, is_taken):
    step = find_step(kind)

    try:
        step.config.model_validate(config)
        by_model = True
    except ValidationError:
        by_model = False
    by_schema = jsonschema.Draft202012Validator(config_schema(step), format_checker=_FORMATS).is_valid(config)

    assert (by_model, by_schema) == (is_taken, is_taken)


@pytest.mark.parametrize("step", list_steps(), ids=lambda step: step.kind)
def test_a_schema_is_complete_in_itself_and_describes_every_field(step):
    schema = config_schema(step)

    jsonschema.Draft202012Validator.check_schema(schema)
    assert (schema["$schema"], schema["title"], schema["type"]) == (DIALECT, step.kind, "object")
    assert all("description" in node for node in schema.get("properties", {}).values())
    assert "$ref" not in str(schema)
    assert "'null'" not in str(schema)
