from dataclasses import replace

import pytest

from freight.selection.errors import InvalidConstraint
from freight.subscriptions.chart import SUBSCRIPTION, discover
from integrations.credentials import BasicAuth
from integrations.errors import IntegrationError, NotFound, Unauthorized
from integrations.loopback.oci_faults import OciAccess
from integrations.loopback.oci_registry import OciRegistry
from tests.servers.charts import serve_charts
from tests.servers.http_recorder import HttpRecorder

VERSIONS = ("1.0.0", "1.10.0", "1.9.0", "v2.0.0", "2.1", "2.2.0-rc.1", "nightly")


@pytest.fixture
def site():
    """A static chart repository at /stable with the chart app in VERSIONS."""
    server = HttpRecorder()
    serve_charts(server, "/stable", [("app", version) for version in VERSIONS])
    yield server
    server.close()


def look(site, around, **rules):
    return discover({"repoURL": f"{site.url}/stable", "name": "app", **rules}, around)


def versions(discovery):
    return [item["version"] for item in discovery.found]


@pytest.mark.parametrize(
    ("rules", "taken"),
    [
        pytest.param({}, ["2.2.0-rc.1", "2.1", "v2.0.0", "1.10.0", "1.9.0", "1.0.0"], id="all, read loosely"),
        pytest.param({"semverConstraint": "^1.9"}, ["1.10.0", "1.9.0"], id="constraint"),
        pytest.param({"semverConstraint": ">=2"}, ["2.1", "v2.0.0"], id="no prereleases"),
        pytest.param({"semverConstraint": ">=2-0"}, ["2.2.0-rc.1", "2.1", "v2.0.0"], id="prereleases"),
        pytest.param({"discoveryLimit": 2}, ["2.2.0-rc.1", "2.1"], id="discovery limit"),
        pytest.param({"name": "other"}, [], id="a chart that is not there"),
    ],
)
def test_takes_versions_of_an_index(site, around, rules, taken):
    assert versions(look(site, around, **rules)) == taken


def test_says_why_it_left_versions_out(site, around):
    found = look(site, around, semverConstraint="^1", discoveryLimit=1)

    assert dict(found.ignored) == {
        "2.2.0-rc.1": 'a prerelease, and constraint "^1" asks for releases only (add -0 to admit them)',
        "2.1": 'outside constraint "^1"',
        "v2.0.0": 'outside constraint "^1"',
        "nightly": "not a semantic version",
        "1.9.0": "older or lower than the first 1 (discovery limit)",
        "1.0.0": "older or lower than the first 1 (discovery limit)",
    }


def test_drafts_the_artifact_with_the_address_as_written(site, around):
    spec = {"repoURL": f"{site.url}/stable", "name": "app"}
    found = look(site, around, semverConstraint="1.10.0").found

    assert found[0]["createdAt"].startswith("2025-01-02T03:04:05")
    draft = SUBSCRIPTION.draft(spec, "backend", found[0])
    assert (draft.kind, draft.repo_url, draft.chart_name) == ("chart", spec["repoURL"], "app")
    assert (draft.version, draft.subscription_name, draft.version_id) == ("1.10.0", "backend", "1.10.0")


def test_an_index_that_did_not_change_is_not_sent_again(site, around, again):
    ((status, headers, body),) = site.answers["/stable/index.yaml"]
    site.answers["/stable/index.yaml"] = [(status, [*headers, ("ETag", '"one"')], body), (304, [], b"")]
    first = look(site, around)
    second = look(site, again(first))
    third = look(site, again(second))

    assert first.found == second.found == third.found
    assert [request[2]["If-None-Match"] for request in site.seen] == [None, '"one"', '"one"']


def test_other_rules_read_the_index_anew(site, around, again):
    ((status, headers, body),) = site.answers["/stable/index.yaml"]
    site.answers["/stable/index.yaml"] = [(status, [*headers, ("Last-Modified", "yesterday")], body)]
    look(site, around)

    assert versions(look(site, around, semverConstraint="^1.9")) == ["1.10.0", "1.9.0"]
    assert [request[2]["If-Modified-Since"] for request in site.seen] == [None, None]


def test_presents_the_password_to_the_repository(site, around):
    look(site, replace(around, credentials=BasicAuth("bot", "right")))

    assert site.seen[0][2]["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("status", "error"), [(401, Unauthorized), (404, NotFound)], ids=["not let in", "no such repository"]
)
def test_a_repository_that_refuses_is_an_error(site, around, status, error):
    site.answers["/stable/index.yaml"] = [(status, [], b"no")]

    with pytest.raises(error, match="index of the chart repository"):
        look(site, around)


def test_what_is_no_index_is_an_error(site, around):
    site.answers["/stable/index.yaml"] = [(200, [], b"<html>Sign in</html>")]

    with pytest.raises(IntegrationError, match="no index of charts"):
        look(site, around)


def test_a_constraint_that_is_none_is_an_error(site, around):
    with pytest.raises(InvalidConstraint):
        look(site, around, semverConstraint="latest")
    assert site.seen == []


def test_reads_versions_from_the_tags_of_an_oci_repository(around):
    access = OciAccess(mode="bearer", username="bot", password="right")
    with OciRegistry(access=access) as registry:
        for tag in ("1.2.0", "1.2.0_build.5", "v1.3.0", "1.4", "1.10.0", "latest"):
            registry.push_image("charts/app", tag)
        spec = {"repoURL": f"oci://{registry.host}/charts/app"}
        with pytest.raises(Unauthorized):
            discover(spec, around)
        found = discover(spec, replace(around, credentials=BasicAuth("bot", "right")))

    assert versions(found) == ["1.10.0", "1.2.0+build.5", "1.2.0"]
    assert {version for version, _ in found.ignored} == {"v1.3.0", "1.4", "latest"}
    assert SUBSCRIPTION.draft(spec, "", found.found[0]).chart_name == ""
