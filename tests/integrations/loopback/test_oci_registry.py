"""The loopback registry as any other client sees it: plain HTTP."""

import hashlib
import json
import time
from datetime import UTC, datetime

import httpx
import pytest

from integrations.loopback.oci_faults import OciAccess
from integrations.loopback.oci_registry import MANIFEST_TYPE, OciRegistry


@pytest.fixture
def server():
    with OciRegistry() as registry:
        yield registry


@pytest.fixture
def web(server):
    with httpx.Client(base_url=f"http://{server.host}") as client:
        yield client


def push(web, repository, tag, config=b"{}"):
    """Push as docker does: an upload session, the blob in one piece, then the manifest."""
    digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    session = web.post(f"/v2/{repository}/blobs/uploads/")
    assert session.status_code == 202
    assert web.put(session.headers["location"], params={"digest": digest}, content=config).status_code == 201
    document = {"schemaVersion": 2, "config": {"digest": digest, "size": len(config)}, "layers": []}
    answer = web.put(
        f"/v2/{repository}/manifests/{tag}",
        content=json.dumps(document),
        headers={"content-type": MANIFEST_TYPE},
    )
    assert answer.status_code == 201
    return answer.headers["docker-content-digest"], digest


def test_gives_back_what_was_pushed(web):
    digest, blob = push(web, "acme/app", "1.0", b"config")

    got = web.get("/v2/acme/app/manifests/1.0")
    head = web.head(f"/v2/acme/app/manifests/{digest}")

    assert f"sha256:{hashlib.sha256(got.content).hexdigest()}" == digest
    assert got.headers["content-type"] == MANIFEST_TYPE
    assert (head.status_code, head.content, head.headers["docker-content-digest"]) == (200, b"", digest)
    assert web.get(f"/v2/acme/app/blobs/{blob}").content == b"config"
    assert web.get("/v2/acme/app/tags/list").json() == {"name": "acme/app", "tags": ["1.0"]}
    assert web.get("/v2/").status_code == 200


def test_takes_a_blob_in_one_request(web):
    digest = f"sha256:{hashlib.sha256(b'x').hexdigest()}"

    assert web.post("/v2/a/blobs/uploads/", params={"digest": digest}, content=b"x").status_code == 201
    assert web.get(f"/v2/a/blobs/{digest}").content == b"x"


def test_refuses_a_blob_with_another_digest(web):
    wrong = "sha256:" + "0" * 64

    assert web.put("/v2/a/blobs/uploads/monolithic", params={"digest": wrong}, content=b"x").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/v2/no/tags/list",
        "/v2/acme/app/manifests/9",
        "/v2/acme/app/blobs/sha256:00",
        "/v2/../x",
        "/else",
        "/v2/A/tags/list",
    ],
)
def test_knows_nothing_of_what_is_not_there(web, path):
    push(web, "acme/app", "1.0")

    assert web.get(path).status_code == 404


def test_repositories_do_not_see_each_others_content(web):
    digest, blob = push(web, "acme/app", "1.0")
    push(web, "acme/other", "1.0", b"else")

    assert web.get(f"/v2/acme/other/manifests/{digest}").status_code == 404
    assert web.get(f"/v2/acme/other/blobs/{blob}").status_code == 404


def test_pages_tags_by_n_and_last(server, web):
    for tag in "abcde":
        server.push_image("acme/app", tag)
    pages, path = [], "/v2/acme/app/tags/list?n=2"

    while path:
        answer = web.get(path)
        pages.append(answer.json()["tags"])
        path = answer.links.get("next", {}).get("url")

    assert pages == [["a", "b"], ["c", "d"], ["e"]]


def test_a_moved_tag_leaves_the_old_digest_in_place(server, web):
    first = server.push_image("acme/app", "latest", created=datetime(2025, 1, 1, tzinfo=UTC))
    second = server.push_image("acme/app", "latest", created=datetime(2025, 1, 2, tzinfo=UTC))

    assert web.head("/v2/acme/app/manifests/latest").headers["docker-content-digest"] == second != first
    assert web.get(f"/v2/acme/app/manifests/{first}").status_code == 200


def test_content_survives_a_restart(tmp_path):
    with OciRegistry(storage=tmp_path) as registry:
        image = registry.push_image("acme/team/app", "1.0", platform="linux/arm64/v8")
        index = registry.push_index("acme/team/app", "2.0", {"linux/arm64/v8": image})

    with OciRegistry(storage=tmp_path) as registry:
        base = f"http://{registry.host}/v2/acme/team/app"
        assert httpx.get(f"{base}/tags/list").json()["tags"] == ["1.0", "2.0"]
        assert httpx.get(f"{base}/manifests/2.0").headers["docker-content-digest"] == index
        config = httpx.get(f"{base}/manifests/1.0").json()["config"]["digest"]
        assert httpx.get(f"{base}/blobs/{config}").json()["variant"] == "v8"


def test_wants_a_password_in_basic_mode():
    with OciRegistry(access=OciAccess("basic", "alice", "pw")) as registry:
        url = f"http://{registry.host}/v2/"
        refused = httpx.get(url)

        assert (refused.status_code, refused.headers["www-authenticate"][:5]) == (401, "Basic")
        assert httpx.get(url, auth=("alice", "wrong")).status_code == 401
        assert httpx.get(url, auth=("alice", "pw")).status_code == 200


def test_a_token_is_good_for_its_repository_only():
    with OciRegistry(access=OciAccess("bearer", "alice", "pw")) as registry:
        registry.push_image("acme/app", "1")
        registry.push_image("acme/db", "1")
        base = f"http://{registry.host}"
        scope = {"scope": "repository:acme/app:pull"}

        assert httpx.get(f"{base}/token", params=scope).status_code == 401
        token = httpx.get(f"{base}/token", params=scope, auth=("alice", "pw")).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}

        assert httpx.get(f"{base}/v2/acme/app/tags/list", headers=headers).status_code == 200
        assert httpx.get(f"{base}/v2/acme/db/tags/list", headers=headers).status_code == 401


def test_misbehaves_on_demand_and_counts(server, web):
    server.push_image("acme/app", "1")
    server.faults.statuses = [500, 429]
    server.faults.retry_after = "3"

    answers = [web.get("/v2/acme/app/tags/list") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [500, 429, 200]
    assert answers[1].headers["retry-after"] == "3"
    assert (server.count(), server.count("tags"), server.count("blobs")) == (3, 3, 0)


def test_is_slow_on_demand(server, web):
    server.faults.delay_seconds = 0.2
    started = time.monotonic()

    web.get("/v2/")

    assert time.monotonic() - started >= 0.2


def test_listens_on_loopback_only():
    with pytest.raises(ValueError, match="not a loopback address"):
        OciRegistry("0.0.0.0")  # noqa: S104
