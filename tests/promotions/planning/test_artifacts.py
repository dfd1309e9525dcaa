"""Which artifact is meant: by URL, name, origin."""

import pytest

from expressions import ExpressionError
from promotions.planning.artifacts import Collection, RequestedOrigin
from promotions.references import (
    ChartReference,
    CommitReference,
    FreightReference,
    ImageReference,
    OtherReference,
)

APP = "ghcr.io/example/app"
REPOSITORY = "https://git.example.com/Example/app.git"
CHARTS = "https://charts.example.com"


def origin(name, *subscriptions):
    return RequestedOrigin.from_spec(name, {"subscriptions": list(subscriptions)})


def image(url=APP, **fields):
    return {"image": {"repoURL": url}, **fields}


def freight(warehouse, **artifacts):
    return FreightReference(name=f"freight-of-{warehouse}", origin=f"Warehouse/{warehouse}", **artifacts)


def test_an_image_is_found_where_a_requested_warehouse_offers_it():
    found = ImageReference(APP, tag="1.0")
    collection = Collection([freight("main", images=(found,))], [origin("main", image())])

    assert collection.find_image(APP, None) is found


def test_the_warehouse_that_offers_it_decides_not_the_first_freight_that_has_it():
    wrong, right = ImageReference(APP, tag="old"), ImageReference(APP, tag="new")
    collection = Collection(
        [freight("a", images=(wrong,)), freight("b", images=(right,))], [origin("a"), origin("b", image())]
    )

    assert collection.find_image(APP, None) is right
    assert collection.find_image(APP, "Warehouse/a") is wrong


def test_an_empty_slot_gives_nothing():
    assert Collection([], [origin("main", image())]).find_image(APP, None) is None


def test_what_no_warehouse_offers_is_nothing():
    collection = Collection([freight("main", images=(ImageReference(APP),))], [origin("main")])

    assert collection.find_image(APP, None) is None
    assert collection.find_commit(REPOSITORY, None) is None
    assert collection.find_chart(CHARTS, "app", None) is None
    assert collection.find_other("thing", None) is None


@pytest.mark.parametrize(
    "origins",
    [
        pytest.param([origin("a", image()), origin("b", image())], id="two-warehouses"),
        pytest.param([origin("a", image(), image(name="second"))], id="one-warehouse"),
    ],
)
def test_two_offers_ask_for_an_origin(origins):
    collection = Collection([freight("a", images=(ImageReference(APP, tag="1.0"),))], origins)

    with pytest.raises(ExpressionError) as error:
        collection.find_image(APP, None)

    assert APP in error.value.message
    assert 'warehouse("a")' in error.value.hint
    assert collection.find_image(APP, "Warehouse/a").tag == "1.0"


def test_a_missing_warehouse_is_an_error():
    collection = Collection([], [RequestedOrigin.from_spec("gone", None)])

    with pytest.raises(ExpressionError, match=r'"gone".*does not exist'):
        collection.find_image(APP, None)


def test_a_named_origin_looks_no_warehouse_up():
    found = ImageReference(APP)
    collection = Collection(
        [freight("main", images=(found,))], [RequestedOrigin.from_spec("gone", None), origin("main")]
    )

    assert collection.find_image(APP, "Warehouse/main") is found
    assert collection.find_image(APP, "Warehouse/other") is None


@pytest.mark.parametrize(
    "spelling",
    ["https://git.example.com/example/app", "https://me@GIT.example.com/Example/app.git/", REPOSITORY],
)
def test_git_repositories_match_in_any_spelling(spelling):
    commit = CommitReference(REPOSITORY, id="abc")
    collection = Collection([freight("main", commits=(commit,))], [origin("main", {"git": {"repoURL": REPOSITORY}})])

    assert collection.find_commit(spelling, None) is commit
    assert collection.find_commit(spelling, "Warehouse/main") is commit


def test_images_match_normalised_when_nothing_matches_as_written():
    nginx = ImageReference("docker.io/library/nginx", tag="1")
    collection = Collection([freight("main", images=(nginx,))], [origin("main", image("docker.io/library/nginx"))])

    assert collection.find_image("nginx", None) is nginx
    assert collection.find_image("nginx", "Warehouse/main") is nginx


def test_an_image_as_written_wins_over_another_spelling():
    hub, short = ImageReference("docker.io/library/nginx", tag="hub"), ImageReference("nginx", tag="short")
    collection = Collection(
        [freight("a", images=(hub,)), freight("b", images=(short,))],
        [origin("a", image("docker.io/library/nginx")), origin("b", image("nginx"))],
    )

    assert collection.find_image("nginx", None) is short
    assert collection.find_image("docker.io/library/nginx", None) is hub


def test_charts_match_by_url_and_name():
    app, database = ChartReference(CHARTS, "app", "1.0.0"), ChartReference(CHARTS, "database", "2.0.0")
    packed = ChartReference("oci://ghcr.io/example/chart", "", "3.0.0")
    collection = Collection(
        [freight("main", charts=(app, database, packed))],
        [
            origin(
                "main",
                {"chart": {"repoURL": CHARTS, "name": "app"}},
                {"chart": {"repoURL": CHARTS, "name": "database"}},
                {"chart": {"repoURL": "oci://ghcr.io/example/chart"}},
            )
        ],
    )

    assert collection.find_chart(CHARTS, "database", None) is database
    assert collection.find_chart("oci://ghcr.io/example/chart", "", None) is packed
    assert collection.find_chart(CHARTS, "", None) is None


def test_generic_artifacts_match_by_subscription_name():
    thing = OtherReference("s3-object", "thing", "v1")
    collection = Collection(
        [freight("main", artifacts=(thing,))],
        [origin("main", image(name="thing"), {"name": "thing", "s3-object": {"config": {}}})],
    )

    assert collection.find_other("thing", None) is thing


def test_an_origin_made_from_freight_offers_what_the_freight_holds():
    reference = freight(
        "main",
        commits=(CommitReference(REPOSITORY, id="abc"),),
        images=(ImageReference(APP, tag="1"), ImageReference(APP, tag="2")),
        charts=(ChartReference(CHARTS, "app", "1.0.0"),),
        artifacts=(OtherReference("s3-object", "thing", "v1"),),
    )

    collection = Collection([reference], [RequestedOrigin.from_reference(reference)])

    assert collection.find_commit(REPOSITORY, None) is reference.commits[0]
    assert collection.find_image(APP, None) is reference.images[0]
    assert collection.find_chart(CHARTS, "app", None) is reference.charts[0]
    assert collection.find_other("thing", None) is reference.artifacts[0]
