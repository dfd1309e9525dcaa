import io
import subprocess

import pytest

from integrations.credentials import BasicAuth, Token
from integrations.errors import IntegrationError, NotFound, Unauthorized, Unreachable
from integrations.helm.program import find_helm
from integrations.helm.repository import open_charts
from integrations.http import BodyTooLarge, HttpClient, HttpPolicy
from integrations.loopback.oci_registry import OciRegistry
from tests.servers.charts import pack_chart, serve_charts
from tests.servers.http_recorder import HttpRecorder


@pytest.fixture
def client():
    with HttpClient(HttpPolicy(allow_loopback=True), "kargoweb-test", sleep=lambda seconds: None) as opened:
        yield opened


@pytest.fixture
def server():
    """A chart repository at /stable with db 1.0.0 and 1.1.0."""
    server = HttpRecorder()
    serve_charts(server, "/stable", [("db", "1.0.0"), ("db", "1.1.0")])
    yield server
    server.close()


@pytest.mark.parametrize("slash", ["", "/"])
def test_lists_and_downloads_from_an_index(client, server, slash):
    charts = open_charts(client, f"{server.url}/stable{slash}", name="db")

    assert [version.version for version in charts.list_versions()] == ["1.1.0", "1.0.0"]
    target = io.BytesIO()
    charts.download("1.0.0", target)
    assert target.read() == server.answers["/stable/db-1.0.0.tgz"][0][2]


def test_a_chart_that_is_not_listed_has_no_versions(client, server):
    charts = open_charts(client, f"{server.url}/stable", name="nope")

    assert charts.list_versions() == []
    with pytest.raises(NotFound, match=r'has no version .* of the chart "nope"'):
        charts.download("1.0.0", io.BytesIO())


@pytest.mark.parametrize("login", [BasicAuth("alice", "s3cret"), Token("t0ken")])
def test_signs_in_at_its_own_repository_only(client, server, login):
    elsewhere = HttpRecorder()
    elsewhere.answers["/db-1.0.0.tgz"] = [(200, [], b"archive")]
    index = f'apiVersion: v1\nentries:\n  db:\n  - version: 1.0.0\n    urls: ["{elsewhere.url}/db-1.0.0.tgz"]\n'
    server.answers["/cdn/index.yaml"] = [(200, [], index.encode())]

    open_charts(client, f"{server.url}/cdn", name="db", credentials=login).download("1.0.0", io.BytesIO())
    elsewhere.close()

    assert server.seen[0][2]["Authorization"].startswith("Basic " if isinstance(login, BasicAuth) else "Bearer t0ken")
    assert elsewhere.seen[0][2]["Authorization"] is None


@pytest.mark.parametrize(
    ("status", "error"), [(401, Unauthorized), (403, Unauthorized), (404, NotFound), (500, Unreachable)]
)
def test_a_repository_that_does_not_answer_well(client, server, status, error):
    server.answers["/stable/index.yaml"] = [(status, [], b"")]

    with pytest.raises(error, match="read the index of the chart repository"):
        open_charts(client, f"{server.url}/stable", name="db").list_versions()


def test_an_archive_that_is_not_the_one_of_the_index_is_refused(client, server):
    server.answers["/stable/db-1.0.0.tgz"] = [(200, [], b"other")]

    with pytest.raises(IntegrationError, match="digests differ") as caught:
        open_charts(client, f"{server.url}/stable", name="db").download("1.0.0", io.BytesIO())

    assert caught.value.permanent


def test_an_archive_over_the_limit_is_refused(client, server):
    with pytest.raises(BodyTooLarge):
        open_charts(client, f"{server.url}/stable", name="db").download("1.0.0", io.BytesIO(), max_bytes=10)


def test_lists_and_downloads_what_helm_pushed_to_a_registry(client, tmp_path):
    archive = tmp_path / "db.tgz"
    archive.write_bytes(pack_chart("db", "1.0.0+build.7"))
    with OciRegistry() as registry:
        push = [find_helm("").path, "push", archive, f"oci://{registry.host}/charts", "--plain-http"]
        subprocess.run(push, check=True, capture_output=True, env={"HOME": str(tmp_path)})
        charts = open_charts(client, f"oci://{registry.host}/charts/db")

        assert [version.version for version in charts.list_versions()] == ["1.0.0+build.7"]
        target = io.BytesIO()
        charts.download("1.0.0+build.7", target)
        assert target.read() == archive.read_bytes()


def test_an_image_is_no_chart(client):
    with OciRegistry() as registry:
        registry.push_image("acme/app", "1.0")
        with pytest.raises(IntegrationError, match="is not a Helm chart"):
            open_charts(client, f"oci://{registry.host}/acme", name="app").download("1.0", io.BytesIO())


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://host/charts", "is no chart repository"),
        ("https://alice:s3cret@host/charts", "needs a name"),
        ("oci://host.example/UPPER", "not an image reference"),
    ],
)
def test_what_is_no_chart_repository_is_a_permanent_error(client, url, message):
    with pytest.raises(IntegrationError, match=message) as caught:
        open_charts(client, url)

    assert caught.value.permanent
    assert "s3cret" not in str(caught.value)
