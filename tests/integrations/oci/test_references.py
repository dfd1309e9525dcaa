import pytest

from integrations.oci.references import (
    InvalidReference,
    Repository,
    normalize_chart,
    normalize_image,
    parse_reference,
    parse_repository,
)

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "host", "path", "tag", "digest"),
    [
        ("nginx", "docker.io", "library/nginx", None, None),
        ("nginx:1.27", "docker.io", "library/nginx", "1.27", None),
        ("acme/app", "docker.io", "acme/app", None, None),
        ("index.docker.io/acme/app:x", "docker.io", "acme/app", "x", None),
        ("ghcr.io/acme/app:1.0", "ghcr.io", "acme/app", "1.0", None),
        (f"ghcr.io/acme/app:1.0@{DIGEST}", "ghcr.io", "acme/app", "1.0", DIGEST),
        (f"localhost:5000/app@{DIGEST}", "localhost:5000", "app", None, DIGEST),
        ("localhost/app", "localhost", "app", None, None),
        ("[::1]:5000/a/b/c:t", "[::1]:5000", "a/b/c", "t", None),
        ("oci://ghcr.io/acme/chart:1.0.0", "ghcr.io", "acme/chart", "1.0.0", None),
    ],
)
def test_reads_references(text, host, path, tag, digest):
    reference = parse_reference(text)

    assert (reference.repository, reference.tag, reference.digest) == (Repository(host, path), tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ghcr.io/UPPER",
        "ghcr.io/",
        "a//b",
        "app:",
        "app:ta g",
        "app@sha256:12",
        "https://ghcr.io/a",
        "a b",
    ],
)
def test_refuses_what_is_no_reference_and_says_how_to_write_one(text):
    with pytest.raises(InvalidReference, match=r"registry\.example\.com/team/app") as caught:
        parse_reference(text)

    assert caught.value.permanent


def test_a_repository_has_no_tag():
    with pytest.raises(InvalidReference, match="no tag and no digest"):
        parse_repository("ghcr.io/acme/app:1.0")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("nginx", "https://registry-1.docker.io/v2/library/nginx"),
        ("ghcr.io/acme/app", "https://ghcr.io/v2/acme/app"),
        ("registry.corp:5000/app", "https://registry.corp:5000/v2/app"),
        ("localhost:5000/app", "http://localhost:5000/v2/app"),
        ("127.0.0.1:5000/app", "http://127.0.0.1:5000/v2/app"),
        ("[::1]:5000/app", "http://[::1]:5000/v2/app"),
        ("localhost/app", "https://localhost/v2/app"),
        ("localhost.evil.example:5000/app", "https://localhost.evil.example:5000/v2/app"),
    ],
)
def test_talks_plain_http_to_loopback_hosts_with_a_port_only(text, url):
    assert parse_repository(text).api_url == url


@pytest.mark.parametrize(
    ("url", "normalized"),
    [
        ("nginx", "nginx"),
        ("docker.io/library/nginx", "nginx"),
        ("registry-1.docker.io/Acme/App", "acme/app"),
        ("index.docker.io/acme/app:1.0", "acme/app"),
        ("GHCR.io/Acme/App", "ghcr.io/acme/app"),
        (f"ghcr.io/acme/app@{DIGEST}", "ghcr.io/acme/app"),
        ("not an image", "not an image"),
    ],
)
def test_normalizes_image_repositories(url, normalized):
    assert normalize_image(url) == normalized


@pytest.mark.parametrize(
    ("url", "normalized"),
    [
        ("oci://ghcr.io/Acme/Chart", "ghcr.io/acme/chart"),
        ("OCI://docker.io/library/chart", "chart"),
        ("https://charts.example.com/Stable", "https://charts.example.com/Stable"),
        ("https://host:8443", "https://host:8443"),
    ],
)
def test_normalizes_chart_repositories(url, normalized):
    assert normalize_chart(url) == normalized
