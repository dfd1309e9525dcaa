"""Every sender: what its requests mean, and which it refuses with which status."""

import hashlib
import hmac
from typing import Any

import pytest

from freight.receivers.base import Inbound, Nothing, Notice, PullRequestClosed, Push, Refused
from freight.receivers.registry import SENDERS
from tests.freight.receivers import samples
from tests.freight.receivers.samples import GIT, GIT_SSH, IMAGE, SECRET, Sample

PING = Nothing("ping event received, webhook is configured correctly")
BOTH = (GIT, GIT_SSH)
HREF = GIT.removesuffix(".git")


def ask(sample: Sample, *, headers: dict[str, str] | None = None, config: dict[str, Any] | None = None) -> Notice:
    """Have the sender's file read a request, signed unless other headers are given."""
    sent = sample.signed() if headers is None else headers
    inbound = Inbound(sample.body, tuple((name.lower(), value) for name, value in sent.items()))
    return SENDERS[sample.sender].read(inbound, SECRET, config or {})


def refusal_of(sample: Sample, **given: Any) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        ask(sample, **given)
    return refused.value.status, refused.value.message


UNDERSTOOD = {
    "github ping": (samples.github("ping", {"zen": "Keep it simple."}), PING),
    "github push": (
        samples.github_push("refs/heads/main", samples.commit("a", "b", "c"), head_commit=samples.commit("d")),
        Push(BOTH, ("refs/heads/main",), ("a", "b", "c", "d"), "trunk"),
    ),
    "github push of a tag": (samples.github_push("refs/tags/v1"), Push(BOTH, ("refs/tags/v1",), (), "trunk")),
    "github push of too many commits": (
        samples.github_push("refs/heads/main", *[samples.commit("a")] * 2048),
        Push(BOTH, ("refs/heads/main",), (), "trunk"),
    ),
    "github push of nearly too many commits": (
        samples.github_push("refs/heads/main", *[samples.commit("a")] * 2047),
        Push(BOTH, ("refs/heads/main",), ("a",), "trunk"),
    ),
    "github package": (samples.github_package(), Push((IMAGE,), ("1.2.3",))),
    "github package, updated": (samples.github_package(action="updated"), Push((IMAGE,), ("1.2.3",))),
    "github registry_package": (
        samples.github_package("docker", event="registry_package"),
        Push((IMAGE,), ("1.2.3",)),
    ),
    "github package type in small letters": (samples.github_package("container"), Push((IMAGE,), ("1.2.3",))),
    "github package of npm": (samples.github_package("npm"), Nothing()),
    "github package deleted": (samples.github_package(action="deleted"), Nothing()),
    "github pull request closed": (
        samples.github_pull_request(),
        PullRequestClosed("https://git.example.com/acme/config/pull/42", BOTH, 42),
    ),
    "github pull request opened": (samples.github_pull_request("opened"), Nothing()),
    "gitlab push": (
        samples.gitlab_push("refs/heads/main", samples.commit("a", "b")),
        Push(BOTH, ("refs/heads/main",), ("a", "b"), "trunk"),
    ),
    "gitlab push with commits left out": (
        samples.gitlab_push("refs/heads/main", samples.commit("a"), total=21),
        Push(BOTH, ("refs/heads/main",), (), "trunk"),
    ),
    "gitlab tag": (
        samples.gitlab("Tag Push Hook", samples.gitlab_push("refs/tags/v1", samples.commit("a")).payload),
        Push(BOTH, ("refs/tags/v1",), (), "trunk"),
    ),
    "gitlab merge": (
        samples.gitlab_merge_request("merge"),
        PullRequestClosed("https://git.example.com/acme/config/-/merge_requests/42", BOTH, 42),
    ),
    "gitlab close": (
        samples.gitlab_merge_request("close"),
        PullRequestClosed("https://git.example.com/acme/config/-/merge_requests/42", BOTH, 42),
    ),
    "gitlab merge request updated": (samples.gitlab_merge_request("update"), Nothing()),
    "gitea push": (
        samples.gitea_push("refs/heads/main", samples.commit("a")),
        Push(BOTH, ("refs/heads/main",), ("a",), "trunk"),
    ),
    "gitea push with commits left out": (
        samples.gitea_push("refs/heads/main", samples.commit("a"), total=9),
        Push(BOTH, ("refs/heads/main",), (), "trunk"),
    ),
    "gitea pull request closed": (
        samples.gitea_pull_request(),
        PullRequestClosed("https://git.example.com/acme/config/pulls/42", BOTH, 42),
    ),
    "gitea pull request opened": (samples.gitea_pull_request("opened"), Nothing()),
    "bitbucket push": (
        samples.bitbucket_push({"type": "branch", "name": "main"}, {"type": "tag", "name": "v1"}, None),
        Push((HREF,), ("refs/heads/main", "refs/tags/v1", "")),
    ),
    "bitbucket refs changed": (
        samples.bitbucket_refs_changed("refs/heads/main", "refs/tags/v1"),
        Push(BOTH, ("refs/heads/main", "refs/tags/v1")),
    ),
    **{
        f"bitbucket {event}": (
            samples.bitbucket_cloud_pull_request(event),
            PullRequestClosed("https://git.example.com/acme/config/pull-requests/42", (HREF,), 42),
        )
        for event in ("pullrequest:fulfilled", "pullrequest:rejected")
    },
    **{
        f"bitbucket {event}": (
            samples.bitbucket_server_pull_request(event),
            PullRequestClosed("https://git.example.com/projects/ACME/repos/config/pull-requests/42", BOTH, 42),
        )
        for event in ("pr:merged", "pr:declined")
    },
    "acr ping": (samples.acr("ping"), PING),
    "acr push": (samples.acr(), Push((IMAGE,), ("1.2.3",))),
    "azure push": (
        samples.azure_devops("git.push", refUpdates=[{"name": "refs/heads/main"}, {"name": "refs/tags/v1"}]),
        Push((GIT,), ("refs/heads/main", "refs/tags/v1")),
    ),
    "azure pull request merged": (
        samples.azure_devops("git.pullrequest.merged", pullRequestId=42),
        PullRequestClosed("", (GIT,), 42),
    ),
    "azure pull request abandoned": (
        samples.azure_devops("git.pullrequest.updated", pullRequestId=42, status="abandoned"),
        PullRequestClosed("", (GIT,), 42),
    ),
    "azure pull request updated": (
        samples.azure_devops("git.pullrequest.updated", pullRequestId=42, status="active"),
        Nothing(),
    ),
    "dockerhub": (samples.dockerhub(), Push(("acme/app",), ("1.2.3",))),
    "quay": (samples.quay("1.2.3", "latest"), Push((IMAGE,), ("1.2.3", "latest"))),
    "harbor": (samples.harbor("1.2.3", "latest"), Push((f"{IMAGE}:1.2.3",), ("1.2.3", "latest"))),
    "harbor without resources": (samples.harbor(), Push(())),
    "artifactory image": (samples.artifactory(), Push((IMAGE,), ("1.2.3",))),
    "artifactory chart": (samples.artifactory(data={"image_type": "oci"}), Push((IMAGE,), ("1.2.3",))),
}


@pytest.mark.parametrize(("sample", "notice"), UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_says_what_a_request_means(sample: Sample, notice: Notice) -> None:
    assert ask(sample) == notice


NOT_SUPPORTED = {
    "github": (samples.github("issues", {}), 400, "event type issues is not supported"),
    "gitlab": (samples.gitlab("Issue Hook", {}), 400, "event type Issue Hook is not supported"),
    "gitea": (samples.gitea("issues", {}), 501, "event type issues is not supported"),
    "bitbucket": (samples.bitbucket("repo:fork", {}), 400, "event type repo:fork is not supported"),
    "azure": (samples.azure_devops("build.complete"), 400, "event type build.complete is not supported"),
    "acr": (samples.acr("delete"), 400, "event type delete is not supported"),
    "harbor": (samples.harbor("1", kind="DELETE_ARTIFACT"), 400, "unsupported event type"),
    "artifactory": (
        samples.artifactory(event_type="deleted"),
        501,
        "event type must be 'pushed' and domain must be 'docker'",
    ),
    "artifactory domain": (
        samples.artifactory(domain="artifact"),
        501,
        "event type must be 'pushed' and domain must be 'docker'",
    ),
    "artifactory type": (samples.artifactory(data={"image_type": "npm"}), 501, 'unsupported image type "npm"'),
    "artifactory path": (samples.artifactory(data={"path": "app"}), 400, "invalid path"),
    "another agent": (
        Sample("azure", {"User-Agent": "curl/8"}, {}),
        400,
        "request does not appear to have originated from a supported service",
    ),
}


@pytest.mark.parametrize(("sample", "status", "message"), NOT_SUPPORTED.values(), ids=NOT_SUPPORTED)
def test_refuses_what_is_of_no_use(sample: Sample, status: int, message: str) -> None:
    assert refusal_of(sample) == (status, message)


SIGNED = {
    "github": (samples.github_push(), "missing signature", "unauthorized"),
    "bitbucket": (samples.bitbucket_push({"name": "main"}), "missing signature", "unauthorized"),
    "gitea": (samples.gitea_push(), "missing signature", "unauthorized"),
    "artifactory": (samples.artifactory(), "missing signature", "unauthorized"),
    "harbor": (samples.harbor("1"), "missing authorization", "unauthorized"),
    "gitlab": (samples.gitlab_push(), "", ""),
}


@pytest.mark.parametrize(("sample", "missing", "wrong"), SIGNED.values(), ids=SIGNED)
def test_refuses_a_missing_and_a_wrong_signature(sample: Sample, missing: str, wrong: str) -> None:
    assert refusal_of(sample, headers=sample.headers) == (401, missing)
    assert refusal_of(sample, headers=sample.signed("another secret")) == (401, wrong)


@pytest.mark.parametrize("sample", [entry[0] for entry in SIGNED.values()], ids=SIGNED)
def test_a_signature_holds_for_its_body_only(sample: Sample) -> None:
    other = Sample(sample.sender, sample.headers, sample.body + b" ", sample.signed_by)
    is_a_password = sample.sender in ("gitlab", "harbor")

    if is_a_password:
        assert ask(other, headers=sample.signed()) == ask(sample)
    else:
        assert refusal_of(other, headers=sample.signed()) == (401, "unauthorized")


def test_a_weaker_signature_is_none() -> None:
    sample = samples.github_push()
    sha1 = hmac.new(SECRET.encode(), sample.body, hashlib.sha1).hexdigest()

    for header in (f"sha1={sha1}", sha1, "sha256=", "sha256"):
        assert refusal_of(sample, headers={**sample.headers, "X-Hub-Signature-256": header})[0] == 401


def test_an_unsupported_event_is_refused_before_its_signature_is_looked_at() -> None:
    sample = samples.github("issues", {})

    assert refusal_of(sample, headers=sample.headers)[0] == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff", b"[" * 100_000, b'{"a": NaN}'])
@pytest.mark.parametrize("sender", ["github", "gitlab", "gitea", "bitbucket", "dockerhub", "quay", "harbor", "azure"])
def test_refuses_what_is_no_json_object(sender: str, body: bytes) -> None:
    whole = {
        "github": samples.github_push(),
        "gitlab": samples.gitlab_push(),
        "gitea": samples.gitea_push(),
        "bitbucket": samples.bitbucket_push(),
        "dockerhub": samples.dockerhub(),
        "quay": samples.quay(),
        "harbor": samples.harbor(),
        "azure": samples.acr(),
    }[sender]

    assert refusal_of(Sample(sender, whole.headers, body, whole.signed_by)) == (400, "invalid request body")


@pytest.mark.parametrize(
    "payload",
    [
        {"ref": 5},
        {"ref": "refs/heads/main", "repository": "text"},
        {"commits": {"added": []}},
        {"commits": [{"added": [1]}]},
        {"commits": ["text"]},
        {"ref": "refs/heads/\x00"},
        {"ref": "refs/heads/\ud800"},
    ],
)
def test_refuses_values_of_another_type_than_documented(payload: dict[str, Any]) -> None:
    assert refusal_of(samples.github("push", payload)) == (400, "invalid request body")


@pytest.mark.parametrize("payload", [{"action": "published"}, {"action": "published", "package": {}}])
def test_a_package_without_a_version_is_refused(payload: dict[str, Any]) -> None:
    assert refusal_of(samples.github("package", payload)) == (400, "invalid request body")


def test_an_artifactory_receiver_may_name_the_virtual_repository() -> None:
    notice = ask(
        samples.artifactory(data={"path": "team/app/1/manifest.json"}), config={"virtualRepoName": "virtual"}
    )

    assert notice == Push(("registry.example.com/virtual/team/app",), ("1.2.3",))


def test_a_delivery_that_was_genuine_once_needs_no_signature_again() -> None:
    for sample, *_ in SIGNED.values():
        headers = tuple((name.lower(), value) for name, value in sample.headers.items())
        again = Inbound(sample.body, headers, is_trusted=True)
        assert SENDERS[sample.sender].read(again, SECRET, {}) == ask(sample)


def test_events_have_names_for_people() -> None:
    events = {
        "push": samples.github_push(),
        "Push Hook": samples.gitlab_push(),
        "repo:push": samples.bitbucket_push(),
        "git.push": samples.azure_devops("git.push"),
        "ping": samples.acr("ping"),
        "PUSH_ARTIFACT": samples.harbor(),
        "pushed": samples.artifactory(),
    }

    for name, sample in events.items():
        inbound = Inbound(sample.body, tuple((key.lower(), value) for key, value in sample.headers.items()))
        assert SENDERS[sample.sender].describe(inbound) == name
