"""Which source an update means, and what it makes of it."""

import pytest

from integrations.argocd.applications import read_application
from integrations.argocd.sources import NoSuchSource, SourceUpdate, apply_updates, list_desired_revisions
from tests.servers.argocd import REPOSITORY, make_app

GIT = {"repoURL": REPOSITORY, "path": "uat", "targetRevision": "main"}
CHART = {"repoURL": "https://charts.example.com", "chart": "shop", "targetRevision": "1.0.0"}
KUSTOMIZE = {**GIT, "kustomize": {"namePrefix": "x-", "images": ["old:1"]}}
TAG = {"name": "tag", "value": "1", "forceString": True}
OTHER = {"name": "other", "value": "2", "forceString": True}
HELM = {**GIT, "helm": {"releaseName": "r", "parameters": [TAG, OTHER]}}
CHART_URL = CHART["repoURL"]


def app_with(*sources):
    return read_application(make_app(sources=list(sources)))


def parameter(name, value):
    return {"name": name, "value": value}


@pytest.mark.parametrize(
    ("source", "update", "expected"),
    [
        (GIT, SourceUpdate(REPOSITORY, desired_revision="abc"), {}),
        (
            GIT,
            SourceUpdate(REPOSITORY, desired_revision="abc", update_target_revision=True),
            {"targetRevision": "abc"},
        ),
        (
            GIT,
            SourceUpdate(REPOSITORY.upper()[:-4], desired_revision="v", update_target_revision=True),
            {"targetRevision": "v"},
        ),
        (
            CHART,
            SourceUpdate(CHART_URL, chart="shop", desired_revision="2.0.0", update_target_revision=True),
            {"targetRevision": "2.0.0"},
        ),
        (GIT, SourceUpdate(REPOSITORY, kustomize_images=("a:1",)), {"kustomize": {"images": ["a:1"]}}),
        (
            KUSTOMIZE,
            SourceUpdate(REPOSITORY, kustomize_images=("a:1", "b@sha256:1")),
            {"kustomize": {"namePrefix": "x-", "images": ["a:1", "b@sha256:1"]}},
        ),
        (KUSTOMIZE, SourceUpdate(REPOSITORY), {}),
        (
            GIT,
            SourceUpdate(REPOSITORY, helm_parameters={"image.tag": "2"}),
            {"helm": {"parameters": [parameter("image.tag", "2")]}},
        ),
        (
            HELM,
            SourceUpdate(REPOSITORY, helm_parameters={"new": "", "tag": "9"}),
            {"helm": {"releaseName": "r", "parameters": [parameter("tag", "9"), OTHER, parameter("new", "")]}},
        ),
    ],
)
def test_changes_what_the_update_names_and_nothing_else(source, update, expected):
    app = app_with(source)

    assert apply_updates(app, [update]) == [{**source, **expected}]
    assert app.sources[0].raw == source


@pytest.mark.parametrize(
    ("source", "update"),
    [
        (GIT, SourceUpdate("https://git.example.com/other")),
        (GIT, SourceUpdate(REPOSITORY, chart="shop")),
        (CHART, SourceUpdate(CHART_URL)),
        (CHART, SourceUpdate(CHART_URL, chart="other")),
        (CHART, SourceUpdate(CHART_URL + "/", chart="shop")),
        (CHART, SourceUpdate(CHART_URL.upper(), chart="shop")),
    ],
)
def test_an_update_without_a_source_is_named(source, update):
    with pytest.raises(NoSuchSource, match="no source of Argo CD Application") as caught:
        apply_updates(app_with(source), [update])

    assert update.repo_url in str(caught.value)
    assert not update.chart or f'chart "{update.chart}"' in str(caught.value)


def test_each_update_goes_to_the_first_source_it_means():
    updates = [
        SourceUpdate(CHART_URL, chart="shop", desired_revision="2.0.0", update_target_revision=True),
        SourceUpdate(REPOSITORY, desired_revision="abc", update_target_revision=True),
    ]

    changed = apply_updates(app_with(GIT, CHART, {**GIT, "path": "second"}), updates)

    assert [source["targetRevision"] for source in changed] == ["abc", "2.0.0", "main"]


def test_every_source_that_an_update_means_has_its_desired_revision():
    updates = [SourceUpdate(REPOSITORY.removesuffix(".git"), desired_revision="abc")]

    assert list_desired_revisions(app_with(GIT, CHART, GIT), updates) == ["abc", "", "abc"]
    assert list_desired_revisions(app_with(GIT), []) == [""]
