import io
import json
from datetime import timedelta

import pytest

from integrations.credentials import BasicAuth, Token
from integrations.errors import IntegrationError, NotFound, RateLimited, Unauthorized, Unreachable
from integrations.loopback.oci_faults import OciAccess, TokenDesk
from integrations.loopback.oci_registry import OciRegistry
from integrations.oci.references import parse_repository
from integrations.oci.registry import Registry, compute_digest
from integrations.oci.tokens import Authenticator, Challenge, parse_challenges
from tests.servers.http_recorder import HttpRecorder

ALICE = BasicAuth("alice", "s3cret-pass")


@pytest.fixture
def registry(client, limits):
    return Registry(client, limits=limits)


@pytest.fixture
def repository(server):
    server.push_image("acme/app", "1.0.0")
    return parse_repository(f"{server.host}/acme/app")


def guarded(mode, **access):
    return OciRegistry(access=OciAccess(mode, ALICE.username, ALICE.password, **access))


def test_lists_all_tags_over_many_pages(server, registry, repository):
    for number in range(2500):
        server.storage.put_manifest("acme/app", b"{}", "x", tag=f"t{number:04}")

    tags = registry.list_tags(repository)

    assert len(tags) == 2501
    assert tags[0] == "1.0.0"
    assert tags[-1] == "t2499"
    assert server.count("tags") == 3


@pytest.mark.parametrize("mode", ["same", "fresh"])
def test_an_endless_tag_list_is_an_error_and_not_a_loop(server, registry, repository, mode):
    server.faults.endless_pages = mode

    with pytest.raises(IntegrationError, match="never ends") as caught:
        registry.list_tags(repository)

    assert caught.value.permanent
    assert server.count("tags") == 2


def test_an_unknown_repository_is_not_found(server, registry):
    with pytest.raises(NotFound, match=r"list the tags of 127\.0\.0\.1:\d+/nobody/knows"):
        registry.list_tags(parse_repository(f"{server.host}/nobody/knows"))


def test_gets_a_manifest_by_tag_and_by_digest(server, registry, repository):
    by_tag = registry.get_manifest(repository, "1.0.0")

    assert by_tag == registry.get_manifest(repository, by_tag.digest)
    assert by_tag.digest == compute_digest(by_tag.body)
    assert json.loads(by_tag.body)["schemaVersion"] == 2


@pytest.mark.parametrize("by_digest", [True, False])
def test_does_not_believe_a_wrong_digest(server, registry, repository, by_digest):
    digest = server.push_image("acme/app", "1.0.0")
    server.faults.wrong_digest = True

    with pytest.raises(IntegrationError, match="other content") as caught:
        registry.get_manifest(repository, digest if by_digest else "1.0.0")

    assert caught.value.permanent


def test_does_not_believe_a_wrong_blob(server, registry, repository):
    digest = server.storage.put_blob("acme/app", b"layer")
    assert registry.get_blob(repository, digest) == b"layer"
    server.faults.wrong_digest = True

    with pytest.raises(IntegrationError, match="other content"):
        registry.get_blob(repository, digest)
    with pytest.raises(IntegrationError, match="other content"):
        registry.download_blob(repository, digest, io.BytesIO(), max_bytes=100)


def test_downloads_a_blob_into_a_file(server, registry, repository, tmp_path):
    content = b"x" * 3_000_000
    digest = server.storage.put_blob("acme/app", content)

    with (tmp_path / "layer").open("w+b") as target:
        registry.download_blob(repository, digest, target, max_bytes=len(content))

    assert (tmp_path / "layer").read_bytes() == content


def test_refuses_a_blob_over_the_limit(server, registry, repository):
    digest = server.storage.put_blob("acme/app", b"x" * 1000)

    with pytest.raises(IntegrationError, match="larger than 999 bytes"):
        registry.get_blob(repository, digest, max_bytes=999)


def test_finds_the_digest_of_a_tag_without_its_content(server, registry, repository):
    assert registry.find_digest(repository, "1.0.0") == registry.get_manifest(repository, "1.0.0").digest
    assert registry.find_digest(repository, "2.0.0") is None


@pytest.mark.parametrize("mode", ["basic", "bearer"])
def test_signs_in_with_a_password(client, limits, mode):
    with guarded(mode) as server:
        server.push_image("acme/app", "1.0.0")
        registry = Registry(client, ALICE, limits=limits)

        assert registry.list_tags(parse_repository(f"{server.host}/acme/app")) == ["1.0.0"]


@pytest.mark.parametrize("mode", ["basic", "bearer"])
@pytest.mark.parametrize("credentials", [None, BasicAuth("alice", "wrong-pass")], ids=["none", "wrong"])
def test_missing_or_wrong_credentials_are_unauthorized_and_not_shown(client, limits, mode, credentials):
    with guarded(mode) as server:
        server.push_image("acme/app", "1.0.0")
        registry = Registry(client, credentials, limits=limits)

        with pytest.raises(Unauthorized, match="credentials") as caught:
            registry.list_tags(parse_repository(f"{server.host}/acme/app"))

    assert caught.value.permanent
    assert "wrong-pass" not in str(caught.value)


def test_gets_a_token_without_a_password_where_anybody_may(client, limits):
    with OciRegistry(access=OciAccess("bearer")) as server:
        server.push_image("acme/app", "1.0.0")

        assert Registry(client, limits=limits).list_tags(parse_repository(f"{server.host}/acme/app")) == ["1.0.0"]


def test_asks_for_one_token_for_each_repository(client, limits):
    with guarded("bearer") as server:
        server.push_image("acme/app", "1.0.0")
        server.push_image("acme/db", "1.0.0")
        registry = Registry(client, ALICE, limits=limits)

        for _ in range(3):
            registry.get_manifest(parse_repository(f"{server.host}/acme/app"), "1.0.0")
            registry.get_manifest(parse_repository(f"{server.host}/acme/db"), "1.0.0")

        assert server.count("token") == 2
        assert server.count("manifests") == 6 + 2


def test_asks_for_a_new_token_before_the_old_one_expires(client, limits):
    now = [1000.0]
    with guarded("bearer", token_seconds=300) as server:
        server.push_image("acme/app", "1.0.0")
        registry = Registry(client, ALICE, limits=limits, clock=lambda: now[0])
        repository = parse_repository(f"{server.host}/acme/app")

        registry.list_tags(repository)
        now[0] += 269
        registry.list_tags(repository)
        assert server.count("token") == 1
        now[0] += 2
        registry.list_tags(repository)

        assert server.count("token") == 2


def test_asks_for_a_new_token_when_the_registry_forgot_the_old_one(client, limits):
    with guarded("bearer") as server:
        server.push_image("acme/app", "1.0.0")
        registry = Registry(client, ALICE, limits=limits)
        repository = parse_repository(f"{server.host}/acme/app")
        registry.list_tags(repository)
        server.desk = TokenDesk(server.access)

        assert registry.list_tags(repository) == ["1.0.0"]


def test_downloads_with_a_token(client, limits):
    with guarded("bearer") as server:
        digest = server.storage.put_blob("acme/app", b"layer")
        target = io.BytesIO()

        Registry(client, ALICE, limits=limits).download_blob(
            parse_repository(f"{server.host}/acme/app"), digest, target, max_bytes=100
        )

    assert target.getvalue() == b"layer"


def test_takes_no_password_to_a_token_server_without_tls(client):
    authenticator = Authenticator(client, ALICE)
    challenge = Challenge("bearer", "http://tokens.example.com/token", "", "")

    with pytest.raises(IntegrationError, match="without TLS") as caught:
        authenticator.answer("x", [challenge], url="https://registry.example.com/v2/a", scope="s")

    assert caught.value.permanent


def test_follows_no_page_to_another_host(server, registry, repository):
    server.faults.next_link = "http://127.0.0.1:1/v2/acme/app/tags/list"

    with pytest.raises(IntegrationError, match="at another host"):
        registry.list_tags(repository)


def test_a_ready_made_token_goes_as_it_is(client, limits):
    with guarded("bearer") as server:
        server.push_image("acme/app", "1.0.0")
        token = server.desk.issue(
            "Basic YWxpY2U6czNjcmV0LXBhc3M=",
            "repository:acme/app:pull",
        )
        registry = Registry(client, Token(token), limits=limits)

        assert registry.list_tags(parse_repository(f"{server.host}/acme/app")) == ["1.0.0"]
        assert server.count("token") == 0


def test_tries_again_after_server_errors(server, registry, repository):
    server.faults.statuses = [503, 500]

    assert registry.list_tags(repository) == ["1.0.0"]
    assert server.count("tags") == 3


def test_gives_up_on_a_server_that_stays_broken(server, registry, repository):
    server.faults.statuses = [503] * 10

    with pytest.raises(Unreachable, match="503") as caught:
        registry.list_tags(repository)

    assert not caught.value.permanent
    assert server.count("tags") == 4


def test_says_how_long_a_busy_registry_wants_to_be_left_alone(server, registry, repository):
    server.faults.statuses = [429]
    server.faults.retry_after = "3600"

    with pytest.raises(RateLimited) as caught:
        registry.list_tags(repository)

    assert caught.value.retry_after == timedelta(hours=1)
    assert server.count("tags") == 1


def test_reads_several_challenges():
    challenges = parse_challenges(
        ['Basic realm="a, b"', 'Bearer realm="https://t/x",service="s",scope="repository:a:pull,push"']
    )

    assert [(c.scheme, c.realm, c.service, c.scope) for c in challenges] == [
        ("basic", "a, b", "", ""),
        ("bearer", "https://t/x", "s", "repository:a:pull,push"),
    ]


def test_names_that_cannot_be_tags_are_left_out(client, limits):
    recorder = HttpRecorder()
    names = ["1.0.0", "two words", "x" * 129, "", 7, "nul\0", "latest"]
    recorder.answers["/v2/app/tags/list"] = [(200, [], json.dumps({"name": "app", "tags": names}).encode())]
    listed = Registry(client, limits=limits).list_tags(parse_repository(f"127.0.0.1:{recorder.port}/app"))
    recorder.close()

    assert listed == ["1.0.0", "latest"]
