"""Discovery against the real things: Debian's registry with passwords, `helm push`, a static chart repository."""

import functools
import hashlib
import json
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from django.utils import timezone

from freight.models import Freight
from integrations.helm.program import find_helm
from projects.actors import OPERATOR
from projects.credentials import set_credential
from tests.factories import make_project, make_warehouse
from tests.servers.charts import pack_chart
from tests.servers.docker_registry import ALICE, DockerRegistry

pytestmark = pytest.mark.django_db

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A registry with the index acme/app:1.1.0, four more tags of one image, and the charts helm pushed."""
    root = tmp_path_factory.mktemp("registry")
    with DockerRegistry(root) as running:
        with httpx.Client(base_url=f"http://{running.host}", auth=(ALICE.username, ALICE.password)) as web:
            child = push_image(web, "1.0.0")
            for number in range(8, 12):
                put_manifest(web, f"build-{number}", child, MANIFEST)
            described = {"mediaType": MANIFEST, "digest": child_digest(web), "size": len(child)}
            described["platform"] = {"os": "linux", "architecture": "arm64", "variant": "v8"}
            notes = {
                "org.opencontainers.image.revision": "3f2a1c",
                "org.opencontainers.image.source": "https://x.y/z",
            }
            index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [described], "annotations": notes}
            put_manifest(web, "1.1.0", json.dumps(index).encode(), INDEX)
        login = ["--username", ALICE.username, "--password", ALICE.password, "--plain-http"]
        run_helm(root, "registry", "login", running.host, *login)
        for version in ("1.0.0", "1.1.0+build.5"):
            (root / "app.tgz").write_bytes(pack_chart("app", version))
            run_helm(root, "push", root / "app.tgz", f"oci://{running.host}/charts", "--plain-http")
        yield running


@pytest.fixture
def site(tmp_path):
    """Plain files behind a web server, with the index that helm writes; and the statuses it answered."""
    for version in ("0.9.0", "1.0.0", "1.1.0-rc.1"):
        (tmp_path / f"app-{version}.tgz").write_bytes(pack_chart("app", version))
    run_helm(tmp_path, "repo", "index", tmp_path)

    answers = []

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, code="-", size="-"):
            answers.append(int(code))

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", answers
    server.shutdown()
    server.server_close()
    thread.join()


def run_helm(home, *arguments):
    subprocess.run([find_helm("").path, *arguments], check=True, capture_output=True, env={"HOME": str(home)})


def push_image(web, tag):
    config = json.dumps({"os": "linux", "architecture": "arm64", "variant": "v8", "created": "2025-01-01T00:00:00Z"})
    upload = web.post("/v2/acme/app/blobs/uploads/").headers["location"]
    digest = digest_of(config.encode())
    url = httpx.URL(upload).copy_merge_params({"digest": digest})
    assert web.put(url, content=config, headers={"content-type": "application/octet-stream"}).status_code == 201
    described = {"mediaType": CONFIG, "digest": digest, "size": len(config)}
    document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": []}
    body = json.dumps(document).encode()
    put_manifest(web, tag, body, MANIFEST)
    return body


def put_manifest(web, tag, body, media_type):
    answer = web.put(f"/v2/acme/app/manifests/{tag}", content=body, headers={"content-type": media_type})
    assert answer.status_code == 201, answer.text


def child_digest(web):
    return web.head("/v2/acme/app/manifests/1.0.0", headers={"accept": MANIFEST}).headers["docker-content-digest"]


def digest_of(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def sign_in(project, registry):
    for kind, url in (("image", f"{registry.host}/acme/app"), ("helm", f"oci://{registry.host}/charts/app")):
        set_credential(
            OPERATOR,
            project=project,
            name=f"registry-{kind}",
            kind=kind,
            repo_url=url,
            username=ALICE.username,
            secrets={"password": ALICE.password},
            now=timezone.now(),
        )


def test_makes_freight_of_an_index_a_pushed_chart_and_a_listed_chart(registry, site, check, settings):
    settings.ALLOW_CREDENTIALS_OVER_HTTP = True
    url, answers = site
    project = make_project()
    sign_in(project, registry)
    subscriptions = [
        {"image": {"repoURL": f"{registry.host}/acme/app", "platform": "linux/arm64/v8"}},
        {"chart": {"repoURL": f"oci://{registry.host}/charts/app"}, "name": "pushed"},
        {"chart": {"repoURL": url, "name": "app", "semverConstraint": "^1.0.0"}},
    ]
    warehouse = check(make_warehouse(project, subscriptions=subscriptions))

    assert (warehouse.phase, warehouse.message) == ("Ready", "")
    image, pushed, listed = Freight.objects.get().artifacts.all()
    assert (image.tag, image.annotations["org.opencontainers.image.revision"]) == ("1.1.0", "3f2a1c")
    assert (pushed.version, pushed.subscription_name, pushed.chart_name) == ("1.1.0+build.5", "pushed", "")
    assert (listed.version, listed.chart_name) == ("1.0.0", "app")
    check(warehouse)
    assert answers == [200, 304]
    assert Freight.objects.count() == 1


def test_many_tags_of_one_image_are_many_versions(registry, check, settings):
    settings.ALLOW_CREDENTIALS_OVER_HTTP = True
    project = make_project()
    sign_in(project, registry)
    rules = {"imageSelectionStrategy": "Lexical", "allowTagsRegexes": ["^build-"], "discoveryLimit": 3}
    image = {"image": {"repoURL": f"{registry.host}/acme/app", **rules}}
    row = check(make_warehouse(project, subscriptions=[image])).subscriptions.get()

    assert [item["tag"] for item in row.found] == ["build-9", "build-8", "build-11"]
    assert len({item["digest"] for item in row.found}) == 1


def test_without_a_password_the_registry_stays_shut(registry, check):
    image = {"image": {"repoURL": f"{registry.host}/acme/app"}}
    warehouse = check(make_warehouse(make_project(), subscriptions=[image]))

    assert warehouse.phase == "Failed"
    assert "wants credentials and there are none" in warehouse.message
