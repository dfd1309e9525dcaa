"""Gitea's REST API as far as pull requests go, over real git; `install-forge` brings the real one."""

import re

from tests.servers.forge import TOKEN, Forge, Reply

_BASE = "/api/v1/repos/acme/app"


class GiteaServer(Forge):
    ready = "mergeable"

    def __init__(self, root):
        super().__init__(root)
        self.labels = {"env": 7, "bot": 8}
        self.organization_labels = {"shared": 9}

    def authorize(self, call):
        return call.headers["Authorization"] == f"token {TOKEN}"

    def answer(self, call):
        if call.path == "/api/v1/orgs/acme/labels":
            return self.paged(
                call, [{"id": number, "name": name} for name, number in self.organization_labels.items()]
            )
        path = call.path.removeprefix(_BASE)
        if path == "/labels":
            return self.paged(call, [{"id": number, "name": name} for name, number in self.labels.items()])
        if path == "/pulls":
            return self._create(call.body) if call.method == "POST" else self._list(call)
        found = re.fullmatch(r"/pulls/(\d+)(/merge)?", path)
        pull = self.pulls.get(int(found[1])) if found else None
        if pull is None:
            return Reply(404, {"message": "The target couldn't be found."})
        if not found[2]:
            return Reply(200, self._show(pull))
        if self.on_merge:
            return self.on_merge.pop(0)
        self.do_merge(pull, call.body["Do"])
        return Reply(200)

    def _list(self, call):
        wanted = [self._show(pull) for pull in self.pulls.values() if pull.state == call.query.get("state", "open")]
        return self.paged(call, wanted)

    def _create(self, body):
        names = {number: name for name, number in {**self.labels, **self.organization_labels}.items()}
        pull = self.open_pull(
            *(body["head"], body["base"]),
            title=body["title"],
            description=body["body"],
            labels=[names[number] for number in body["labels"]],
        )
        return Reply(201, self._show(pull))

    def _show(self, pull):
        page = f"{self.base_url}/acme/app/pulls/{pull.number}"
        return {
            "id": 500 + pull.number,
            "number": pull.number,
            "url": page,
            "html_url": page,
            "state": "open" if pull.state == "open" else "closed",
            "merged": pull.state == "merged",
            "merge_commit_sha": pull.merge_commit or None,
            "mergeable": pull.readiness == "mergeable",
            "draft": pull.draft,
            "head": {"ref": pull.source, "sha": pull.head},
            "base": {"ref": pull.target, "sha": ""},
            "created_at": pull.created_at.isoformat(),
        }
