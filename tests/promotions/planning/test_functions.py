"""Kargo's functions as expressions see them."""

import pytest

from expressions import ExpressionError, evaluate, render
from promotions.planning.artifacts import Collection, RequestedOrigin
from promotions.planning.functions import artifact_functions, data_functions
from promotions.references import (
    ChartReference,
    CommitReference,
    FreightReference,
    ImageReference,
    OtherReference,
)

APP = "ghcr.io/example/app"
REPOSITORY = "https://git.example.com/app.git"
CHARTS = "https://charts.example.com"
REFERENCE = FreightReference(
    name="f" * 40,
    origin="Warehouse/main",
    commits=(CommitReference(REPOSITORY, id="abc", branch="main", message="Fix", author="A", committer="C"),),
    images=(ImageReference(APP, tag="1.10", digest="sha256:1", annotations={"a": "b"}, subscription_name="app"),),
    charts=(ChartReference(CHARTS, "app", "1.2.3"), ChartReference("oci://ghcr.io/chart", "", "2.0.0")),
    artifacts=(OtherReference("s3", "thing", "v7", {"bucket": "b"}),),
)
OFFERS = RequestedOrigin.from_spec(
    "main",
    {
        "subscriptions": [
            {"git": {"repoURL": REPOSITORY}},
            {"image": {"repoURL": APP}, "name": "app"},
            {"image": {"repoURL": "ghcr.io/example/later"}},
            {"chart": {"repoURL": CHARTS, "name": "app"}},
            {"chart": {"repoURL": "oci://ghcr.io/chart"}},
            {"name": "thing", "s3": {}},
        ]
    },
)
ARTIFACTS = artifact_functions(Collection([REFERENCE], [OFFERS]))


class Shelf:
    """Look-ups from plain data that remember what they were asked."""

    def __init__(self, **data):
        self.data = data
        self.asked = []

    def __getattr__(self, group):
        def find(name):
            self.asked.append((group, name))
            return self.data.get(group, {}).get(name)

        return find


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (f'commitFrom("{REPOSITORY}").ID', "abc"),
        (f'commitFrom("{REPOSITORY}").Branch', "main"),
        (f'commitFrom("{REPOSITORY}").Tag', ""),
        (f'imageFrom("{APP}").Tag', "1.10"),
        (f'imageFrom("{APP}", warehouse("main")).Digest', "sha256:1"),
        (f'imageFrom("{APP}", warehouse("other"))', None),
        (f'imageFrom("{APP}").Annotations["a"]', "b"),
        (f'imageFrom("{APP}").Annotations["none"]', ""),
        (f'imageFrom("{APP}").SubscriptionName', "app"),
        ('imageFrom("nope") == nil', True),
        ('imageFrom("nope")?.Tag', None),
        ('imageFrom("ghcr.io/example/later") == nil', True),
        (f'chartFrom("{CHARTS}", "app").Version', "1.2.3"),
        (f'chartFrom("{CHARTS}", "app", warehouse("main")).Name', "app"),
        ('chartFrom("oci://ghcr.io/chart").Version', "2.0.0"),
        ('chartFrom("oci://ghcr.io/chart", warehouse("main")).Version', "2.0.0"),
        ('chartFrom("nope") == nil', True),
        ('artifactFrom("thing").Version + artifactFrom("thing").ArtifactType', "v7s3"),
        ('artifactFrom("thing").Metadata.bucket', "b"),
        ('artifactFrom("nope") == nil', True),
        ('warehouse("main").Name', "main"),
        ("imageFrom", None),
    ],
)
def test_artifact_functions(expression, value):
    assert evaluate(expression, ARTIFACTS) == value


@pytest.mark.parametrize(
    "expression",
    [
        f'imageFrom("{APP}").tag',
        'imageFrom("nope").Tag',
        f'imageFrom("{APP}", "main")',
        "imageFrom()",
        "imageFrom(1)",
        f'imageFrom("{APP}", commitFrom("{REPOSITORY}"))',
        f'chartFrom("{CHARTS}", warehouse("main"), "app")',
        f'chartFrom("{CHARTS}", "app", "main")',
        f'chartFrom("{CHARTS}", 1)',
        'warehouse("")',
    ],
)
def test_wrong_use_of_artifact_functions(expression):
    with pytest.raises(ExpressionError):
        evaluate(expression, ARTIFACTS)


def test_a_commit_inserted_whole_has_kargos_keys_and_no_empty_fields():
    assert render(f'${{{{ commitFrom("{REPOSITORY}") }}}}', ARTIFACTS) == {
        "repoURL": REPOSITORY,
        "id": "abc",
        "branch": "main",
        "message": "Fix",
        "author": "A",
        "committer": "C",
    }


def test_an_image_and_an_origin_inserted_whole():
    assert render(f'${{{{ imageFrom("{APP}") }}}}', ARTIFACTS) == {
        "repoURL": APP,
        "tag": "1.10",
        "digest": "sha256:1",
        "annotations": {"a": "b"},
        "subscriptionName": "app",
    }
    assert render('${{ warehouse("main") }}', ARTIFACTS) == {"kind": "Warehouse", "name": "main"}


def test_a_generic_artifact_inserted_whole_keeps_capitals():
    assert render('${{ artifactFrom("thing") }}', ARTIFACTS) == {
        "ArtifactType": "s3",
        "SubscriptionName": "thing",
        "Version": "v7",
        "Metadata": {"bucket": "b"},
    }


@pytest.mark.parametrize(
    ("function", "group"),
    [
        ("secret", "secret"),
        ("sharedSecret", "shared_secret"),
        ("configMap", "config_map"),
        ("sharedConfigMap", "shared_config_map"),
    ],
)
def test_text_maps_never_give_nil(function, group):
    functions = data_functions(Shelf(**{group: {"db": {"user": "shop"}}}))

    assert evaluate(f'{function}("db").user', functions) == "shop"
    assert evaluate(f'{function}("db").nope ?? "default"', functions) == ""
    assert evaluate(f'{function}("none").user', functions) == ""
    assert evaluate(f'len({function}("none"))', functions) == 0


def test_text_maps_are_read_once():
    shelf = Shelf(secret={"db": {"user": "shop"}})
    functions = data_functions(shelf)

    evaluate('secret("db").user + secret("db").user + secret("none").x + secret("none").x', functions)

    assert shelf.asked == [("secret", "db"), ("secret", "none")]


@pytest.mark.parametrize(
    ("function", "group"),
    [
        ("freightMetadata", "freight_metadata"),
        ("freightStatus", "freight_status"),
        ("stageMetadata", "stage_metadata"),
    ],
)
def test_facts_are_nil_when_there_are_none_and_read_each_time(function, group):
    shelf = Shelf(**{group: {"x": {"pr": {"id": 7}}, "bare": {}}})
    functions = data_functions(shelf)

    assert evaluate(f'{function}("x").pr.id + {function}("x").pr.id', functions) == 14
    assert evaluate(f'{function}("x").nope', functions) is None
    assert evaluate(f'{function}("bare")', functions) is None
    assert evaluate(f'{function}("gone")', functions) is None
    assert shelf.asked.count((group, "x")) == 3


@pytest.mark.parametrize("call", ['freightMetadata("")', 'stageMetadata("")', "secret()", "secret(1)"])
def test_a_name_is_needed(call):
    with pytest.raises(ExpressionError):
        evaluate(call, data_functions(Shelf()))
