"""GitLab's REST API as far as merge requests go, over real git."""

import re

from tests.servers.forge import TOKEN, Forge, Reply


class GitLabServer(Forge):
    repository = "team/platform/app"
    ready = "mergeable"
    # GitLab's fast-forward merges make no commit; squashing makes one.
    commit_fields = ("merge_commit_sha",)

    def authorize(self, call):
        return call.headers["PRIVATE-TOKEN"] == TOKEN

    def answer(self, call):
        found = re.fullmatch(r"/api/v4/projects/team/platform/app/merge_requests(?:/(\d+))?(/merge)?", call.path)
        if found is None:
            return Reply(404, {"message": "404 Project Not Found"})
        number, merge = found.groups()
        if number is None:
            return self._create(call.body) if call.method == "POST" else self._list(call)
        pull = self.pulls.get(int(number))
        if pull is None:
            return Reply(404, {"message": "404 Not found"})
        if merge and self.on_merge:
            return self.on_merge.pop(0)
        if merge and call.method == "PUT":
            self.do_merge(pull, str((call.body or {}).get("squash")))
        return Reply(200, self._show(pull))

    def _list(self, call):
        wanted = [
            self._show(pull)
            for pull in self.pulls.values()
            if (pull.source, pull.target) == (call.query["source_branch"], call.query["target_branch"])
        ]
        return self.paged(call, [shown for shown in wanted if shown["state"] == call.query["state"]])

    def _create(self, body):
        if any(pull.source == body["source_branch"] and pull.state == "open" for pull in self.pulls.values()):
            return Reply(409, {"message": ["Another open merge request already exists for this source branch: !1"]})
        pull = self.open_pull(
            *(body["source_branch"], body["target_branch"]),
            title=body["title"],
            description=body["description"],
            labels=body.get("labels", "").split(","),
        )
        return Reply(201, self._show(pull))

    def _show(self, pull):
        return {
            "id": 1000 + pull.number,
            "iid": pull.number,
            "web_url": f"{self.base_url}/team/platform/app/-/merge_requests/{pull.number}",
            "state": {"open": "opened"}.get(pull.state, pull.state),
            "sha": pull.head,
            "merge_commit_sha": None,
            "squash_commit_sha": None,
            **dict.fromkeys(self.commit_fields, pull.merge_commit or None),
            "source_branch": pull.source,
            "target_branch": pull.target,
            "created_at": pull.created_at.isoformat().replace("+00:00", ".123Z"),
            "detailed_merge_status": pull.readiness,
        }
