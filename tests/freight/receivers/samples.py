"""Requests in the documented shape of every sender, signed as it signs; names and numbers are made up."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

SECRET = "hush-hush-hush"
GIT = "https://git.example.com/acme/config.git"
GIT_SSH = "git@git.example.com:acme/config.git"
IMAGE = "registry.example.com/acme/app"


@dataclass(frozen=True)
class Sample:
    """A request: its headers but for those that sign, its body, and how its sender signs."""

    sender: str
    headers: dict[str, str]
    payload: Any
    signed_by: str = ""

    @property
    def body(self) -> bytes:
        return self.payload if isinstance(self.payload, bytes) else json.dumps(self.payload).encode()

    def signed(self, secret: str = SECRET) -> dict[str, str]:
        """All headers, the signature among them."""
        return {**self.headers, **sign(self.signed_by, self.body, secret)}


def sign(way: str, body: bytes, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "": {},
        "github": {"X-Hub-Signature-256": f"sha256={digest}"},
        "bitbucket": {"X-Hub-Signature": f"sha256={digest}"},
        "artifactory": {"X-JFrog-Event-Auth": digest},
        "gitlab": {"X-Gitlab-Token": secret},
        "harbor": {"Authorization": secret},
    }[way]


def commit(*files: str) -> dict[str, Any]:
    return {"id": "4f1c", "added": list(files[:1]), "modified": list(files[1:2]), "removed": list(files[2:])}


def github(event: str, payload: Any) -> Sample:
    return Sample("github", {"X-GitHub-Event": event}, payload, "github")


_GITHUB_REPOSITORY = {"clone_url": GIT, "ssh_url": GIT_SSH, "default_branch": "trunk"}


def github_push(ref: str = "refs/heads/main", *commits: Any, **more: Any) -> Sample:
    return github("push", {"ref": ref, "repository": _GITHUB_REPOSITORY, "commits": list(commits), **more})


def github_package(kind: str = "CONTAINER", action: str = "published", event: str = "package") -> Sample:
    version = {
        "package_url": f"{IMAGE}:",
        "container_metadata": {
            "tag": {"name": "1.2.3", "digest": "sha256:1"},
            "manifest": {"config": {"media_type": "application/vnd.oci.image.config.v1+json"}},
        },
    }
    return github(event, {"action": action, event: {"package_type": kind, "package_version": version}})


def github_pull_request(action: str = "closed") -> Sample:
    payload = {
        "action": action,
        "number": 42,
        "pull_request": {"html_url": "https://git.example.com/acme/config/pull/42", "merged": True},
        "repository": _GITHUB_REPOSITORY,
    }
    return github("pull_request", payload)


def gitlab(event: str, payload: Any) -> Sample:
    return Sample("gitlab", {"X-Gitlab-Event": event}, payload, "gitlab")


def gitlab_push(ref: str = "refs/heads/main", *commits: Any, total: int | None = None) -> Sample:
    payload = {
        "object_kind": "push",
        "ref": ref,
        "project": {"default_branch": "trunk"},
        "repository": {"git_http_url": GIT, "git_ssh_url": GIT_SSH},
        "commits": list(commits),
        "total_commits_count": len(commits) if total is None else total,
    }
    return gitlab("Push Hook", payload)


def gitlab_merge_request(action: str) -> Sample:
    payload = {
        "object_kind": "merge_request",
        "project": {"git_http_url": GIT, "git_ssh_url": GIT_SSH},
        "object_attributes": {
            "iid": 42,
            "action": action,
            "url": "https://git.example.com/acme/config/-/merge_requests/42",
        },
    }
    return gitlab("Merge Request Hook", payload)


def gitea(event: str, payload: Any) -> Sample:
    return Sample("gitea", {"X-Gitea-Event": event}, payload, "github")


def gitea_push(ref: str = "refs/heads/main", *commits: Any, total: int | None = None) -> Sample:
    repository = {"clone_url": GIT, "ssh_url": GIT_SSH, "default_branch": "trunk"}
    count = len(commits) if total is None else total
    return gitea("push", {"ref": ref, "repository": repository, "commits": list(commits), "total_commits": count})


def gitea_pull_request(action: str = "closed") -> Sample:
    payload = {
        "action": action,
        "number": 42,
        "pull_request": {"html_url": "https://git.example.com/acme/config/pulls/42"},
        "repository": {"clone_url": GIT, "ssh_url": GIT_SSH},
    }
    return gitea("pull_request", payload)


def bitbucket(event: str, payload: Any) -> Sample:
    return Sample("bitbucket", {"X-Event-Key": event}, payload, "bitbucket")


def bitbucket_push(*news: dict[str, str] | None) -> Sample:
    repository = {"links": {"html": {"href": GIT.removesuffix(".git")}}}
    return bitbucket("repo:push", {"push": {"changes": [{"new": new} for new in news]}, "repository": repository})


_SERVER_REPOSITORY = {"links": {"clone": [{"href": GIT, "name": "http"}, {"href": GIT_SSH, "name": "ssh"}]}}


def bitbucket_refs_changed(*refs: str) -> Sample:
    changes = [{"ref": {"id": ref}, "type": "UPDATE"} for ref in refs]
    return bitbucket("repo:refs_changed", {"changes": changes, "repository": _SERVER_REPOSITORY})


def bitbucket_cloud_pull_request(event: str) -> Sample:
    payload = {
        "pullrequest": {
            "id": 42,
            "links": {"html": {"href": "https://git.example.com/acme/config/pull-requests/42"}},
        },
        "repository": {"links": {"html": {"href": GIT.removesuffix(".git")}}},
    }
    return bitbucket(event, payload)


def bitbucket_server_pull_request(event: str) -> Sample:
    link = {"href": "https://git.example.com/projects/ACME/repos/config/pull-requests/42"}
    payload = {"pullRequest": {"id": 42, "links": {"self": [link]}, "toRef": {"repository": _SERVER_REPOSITORY}}}
    return bitbucket(event, payload)


def acr(action: str = "push", media_type: str = "application/vnd.oci.image.manifest.v1+json") -> Sample:
    target = {"mediaType": media_type, "repository": "acme/app", "tag": "1.2.3"}
    payload = {"id": "1", "action": action, "target": target, "request": {"host": "registry.example.com"}}
    return Sample("azure", {"User-Agent": "AzureContainerRegistry/1.0"}, payload)


def azure_devops(event: str, **resource: Any) -> Sample:
    payload = {"eventType": event, "resource": {"repository": {"remoteUrl": GIT}, **resource}}
    return Sample("azure", {"User-Agent": "VSServices/19.1"}, payload)


def dockerhub() -> Sample:
    payload = {
        "push_data": {"tag": "1.2.3", "media_type": "application/vnd.docker.distribution.manifest.v2+json"},
        "repository": {"repo_name": "acme/app"},
    }
    return Sample("dockerhub", {}, payload)


def quay(*tags: str) -> Sample:
    return Sample("quay", {}, {"docker_url": IMAGE, "updated_tags": list(tags)})


def harbor(*tags: str, kind: str = "PUSH_ARTIFACT") -> Sample:
    resources = [{"tag": tag, "resource_url": f"{IMAGE}:{tag}"} for tag in tags]
    return Sample("harbor", {}, {"type": kind, "event_data": {"resources": resources}}, "harbor")


def artifactory(**changes: Any) -> Sample:
    data = {
        "image_type": "docker",
        "image_name": "acme/app",
        "repo_key": "acme",
        "path": "app/1.2.3/manifest.json",
        "tag": "1.2.3",
    }
    payload = {
        "domain": "docker",
        "event_type": "pushed",
        "jpd_origin": "https://registry.example.com",
        "data": {**data, **changes.pop("data", {})},
        **changes,
    }
    return Sample("artifactory", {}, payload, "artifactory")
