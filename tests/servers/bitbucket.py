"""Bitbucket's two REST APIs, Cloud and Data Center, as far as pull requests go, over real git."""

import re

from tests.servers.forge import TOKEN, Forge, Reply

_STATES = {"open": "OPEN", "merged": "MERGED", "closed": "DECLINED"}


class BitbucketCloudServer(Forge):
    authorization = f"Bearer {TOKEN}"

    def authorize(self, call):
        return call.headers["Authorization"] == self.authorization

    def answer(self, call):
        path = call.path.removeprefix("/2.0/repositories/acme/app")
        if found := re.fullmatch(r"/commit/([0-9a-f]{12})", path):
            whole = next(pull.merge_commit for pull in self.pulls.values() if pull.merge_commit.startswith(found[1]))
            return Reply(200, {"hash": whole})
        if path == "/pullrequests":
            return self._create(call.body) if call.method == "POST" else self._list(call)
        found = re.fullmatch(r"/pullrequests/(\d+)(/merge)?", path)
        pull = self.pulls.get(int(found[1])) if found else None
        if pull is None:
            return Reply(404, {"type": "error", "error": {"message": "Resource not found"}})
        if found[2]:
            if self.on_merge:
                return self.on_merge.pop(0)
            self.do_merge(pull, call.body.get("merge_strategy"))
        return Reply(200, self._show(pull))

    def _list(self, call):
        wanted = [self._show(p) for p in self.pulls.values() if _STATES[p.state] == call.query.get("state", "OPEN")]
        page = int(call.query.get("page", "1"))
        shown = wanted[(page - 1) * self.page_size : page * self.page_size]
        following = f"{self.base_url}{call.path}?state=OPEN&page={page + 1}"
        return Reply(200, {"values": shown, **({"next": following} if page * self.page_size < len(wanted) else {})})

    def _create(self, body):
        source, target = (body[end]["branch"]["name"] for end in ("source", "destination"))
        pull = self.open_pull(source, target, title=body["title"], description=body["description"])
        return Reply(201, self._show(pull))

    def _show(self, pull):
        return {
            "type": "pullrequest",
            "id": pull.number,
            "state": _STATES[pull.state],
            "draft": pull.draft,
            "links": {"html": {"href": f"https://bitbucket.org/acme/app/pull-requests/{pull.number}"}},
            # Commits come with twelve digits.
            "source": {"branch": {"name": pull.source}, "commit": {"hash": pull.head[:12]}},
            "destination": {"branch": {"name": pull.target}, "commit": {"hash": "0" * 12}},
            "merge_commit": {"hash": pull.merge_commit[:12]} if pull.merge_commit else None,
            "created_on": pull.created_at.isoformat(),
        }


class BitbucketDataCenterServer(Forge):
    repository = "scm/ACME/app"

    def authorize(self, call):
        return call.headers["Authorization"] == f"Bearer {TOKEN}"

    def answer(self, call):
        path = call.path.removeprefix("/rest/api/latest/projects/ACME/repos/app/pull-requests")
        if path == "":
            return self._create(call.body) if call.method == "POST" else self._list(call)
        found = re.fullmatch(r"/(\d+)(/merge)?", path)
        pull = self.pulls.get(int(found[1])) if found else None
        if pull is None:
            return Reply(404, {"errors": [{"message": "Pull request does not exist."}]})
        if found[2]:
            if self.on_merge:
                return self.on_merge.pop(0)
            if call.query["version"] != "3":
                return Reply(409, {"errors": [{"message": "The pull request has been updated."}]})
            self.do_merge(pull, (call.body or {}).get("strategyId"))
        return Reply(200, self._show(pull))

    def _list(self, call):
        wanted = [self._show(p) for p in self.pulls.values() if _STATES[p.state] == call.query.get("state", "OPEN")]
        start = int(call.query.get("start", "0"))
        shown, following = wanted[start : start + self.page_size], start + self.page_size
        is_last = following >= len(wanted)
        page = {"values": shown, "size": len(shown), "start": start, "isLastPage": is_last}
        return Reply(200, {**page, "nextPageStart": None if is_last else following})

    def _create(self, body):
        source, target = (body[end]["id"].removeprefix("refs/heads/") for end in ("fromRef", "toRef"))
        assert body["fromRef"]["repository"] == {"slug": "app", "project": {"key": "ACME"}}
        pull = self.open_pull(source, target, title=body["title"], description=body["description"])
        return Reply(201, self._show(pull))

    def _show(self, pull):
        properties = {"mergeCommit": {"id": pull.merge_commit}} if pull.merge_commit else {}
        return {
            "id": pull.number,
            "version": 3,
            "state": _STATES[pull.state],
            "draft": pull.draft,
            "links": {"self": [{"href": f"{self.base_url}/projects/ACME/repos/app/pull-requests/{pull.number}"}]},
            "fromRef": {"id": f"refs/heads/{pull.source}", "displayId": pull.source, "latestCommit": pull.head},
            "toRef": {"id": f"refs/heads/{pull.target}", "displayId": pull.target, "latestCommit": "0" * 40},
            "properties": properties,
            "createdDate": int(pull.created_at.timestamp() * 1000),
        }
