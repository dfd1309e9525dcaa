"""Azure DevOps' REST API (a server of one's own) as far as pull requests go, over real git."""

import base64
import re

from tests.servers.forge import TOKEN, Forge, Reply

_STATES = {"open": "active", "merged": "completed", "closed": "abandoned"}
_LOGIN = "Basic " + base64.b64encode(f":{TOKEN}".encode()).decode()


class AzureServer(Forge):
    repository = "collection/shop/_git/app"
    ready = "succeeded"

    def __init__(self, root):
        super().__init__(root)
        # How many looks at a pull request a merge takes; None: policies hold it back for ever.
        self.looks_until_merged: int | None = 1
        self._completing: dict[int, int] = {}

    def authorize(self, call):
        return call.headers["Authorization"] == _LOGIN and "api-version" in call.query

    def answer(self, call):
        path = call.path.removeprefix("/collection/shop/_apis/git/repositories/app/pullrequests")
        if path == "":
            return self._create(call.body) if call.method == "POST" else self._list(call)
        found = re.fullmatch(r"/(\d+)", path)
        pull = self.pulls.get(int(found[1])) if found else None
        if pull is None:
            return Reply(404, {"message": "TF401180: The requested pull request was not found.", "typeKey": "x"})
        if call.method == "PATCH":
            return self._complete(call, pull)
        self._look(pull)
        return Reply(200, self._show(pull))

    def _complete(self, call, pull):
        if self.on_merge:
            return self.on_merge.pop(0)
        assert call.body["status"] == "completed"
        if call.body["lastMergeSourceCommit"]["commitId"] != self.head(self.repository, pull.source):
            return Reply(409, {"message": "TF401192: The pull request has been updated."})
        pull.method = call.body.get("completionOptions", {}).get("mergeStrategy")
        if self.looks_until_merged is not None:
            self._completing[pull.number] = self.looks_until_merged
        return Reply(200, self._show(pull))

    def _look(self, pull):
        if pull.number in self._completing:
            self._completing[pull.number] -= 1
            if self._completing[pull.number] <= 0:
                del self._completing[pull.number]
                self.do_merge(pull, pull.method)

    def _list(self, call):
        wanted = [
            self._show(pull)
            for pull in self.pulls.values()
            if f"refs/heads/{pull.source}" == call.query["searchCriteria.sourceRefName"]
            and f"refs/heads/{pull.target}" == call.query["searchCriteria.targetRefName"]
            and _STATES[pull.state] == call.query["searchCriteria.status"]
        ]
        start = int(call.query["$skip"])
        shown = wanted[start : start + int(call.query["$top"])]
        return Reply(200, {"value": shown, "count": len(shown)})

    def _create(self, body):
        source, target = (body[end].removeprefix("refs/heads/") for end in ("sourceRefName", "targetRefName"))
        pull = self.open_pull(
            *(source, target),
            title=body["title"],
            description=body["description"],
            labels=[label["name"] for label in body["labels"]],
        )
        return Reply(201, self._show(pull))

    def _show(self, pull):
        return {
            "pullRequestId": pull.number,
            "url": f"{self.base_url}/collection/_apis/git/repositories/x/pullRequests/{pull.number}",
            "status": _STATES[pull.state],
            "isDraft": pull.draft,
            "mergeStatus": pull.readiness,
            "sourceRefName": f"refs/heads/{pull.source}",
            "targetRefName": f"refs/heads/{pull.target}",
            "lastMergeSourceCommit": {"commitId": pull.head},
            # The test merge of a pull request that is still open.
            "lastMergeCommit": {"commitId": pull.merge_commit or "7" * 40},
            # Seven digits behind the second, as .NET has it.
            "creationDate": pull.created_at.strftime("%Y-%m-%dT%H:%M:%S.1234567Z"),
        }
