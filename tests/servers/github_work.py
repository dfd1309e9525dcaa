"""GitHub Enterprise Server's REST API for issues, comments, search and Actions, in the shapes of GitHub's docs."""

import re
from datetime import UTC, datetime, timedelta

from tests.servers.api import ApiServer, Reply

TOKEN = "ghp_t0ken-of-github"
_BASE = "/api/v3/repos/acme/app"
_BORN = datetime(2026, 1, 2, tzinfo=UTC)


class GitHubWork(ApiServer):
    """`tells_runs`: answers a dispatch with the run, as newer servers do. Else `appear` makes it appear."""

    def __init__(self):
        super().__init__()
        self.forget()

    def forget(self):
        self.issues, self.comments, self.runs, self.dispatched = {}, {}, {}, []
        self.calls.clear()
        self.faults.clear()
        self.lose = 0
        self.tells_runs, self.runs_appear = True, True

    @property
    def repo_url(self):
        return f"{self.url}/acme/app"

    def add_issue(self, **facts):
        number = len(self.issues) + 1
        self.issues[number] = {"title": "t", "body": "", "state": "open", "labels": [], "assignees": [], **facts}
        return number

    def add_run(self, branch="main", status="queued", conclusion=None):
        number = 1000 + len(self.runs)
        self.runs[number] = {"head_branch": branch, "status": status, "conclusion": conclusion}
        return number

    def answer(self, call):
        if call.headers["Authorization"] != f"Bearer {TOKEN}":
            return Reply(401, {"message": "Bad credentials"})
        if call.path == "/api/v3/search/issues":
            return self._search(call)
        path = call.path.removeprefix(_BASE)
        for pattern, handle in self._routes().items():
            if found := re.fullmatch(pattern, f"{call.method} {path}"):
                return handle(call, *found.groups())
        return Reply(404, {"message": "Not Found"})

    def _routes(self):
        return {
            r"POST /issues": self._create,
            r"GET /issues": self._list,
            r"GET /issues/(\d+)": lambda call, number: self._issue(int(number)),
            r"PATCH /issues/(\d+)": self._patch,
            r"POST /issues/(\d+)/comments": self._comment,
            r"GET /issues/(\d+)/comments": self._list_comments,
            r"PATCH /issues/comments/(\d+)": self._patch_comment,
            r"DELETE /issues/comments/(\d+)": self._delete_comment,
            r"POST /actions/workflows/([^/]+)/dispatches": self._dispatch,
            r"GET /actions/workflows/([^/]+)/runs": self._list_runs,
            r"GET /actions/runs/(\d+)": lambda call, number: self._run(int(number)),
        }

    # Issues

    def _show(self, number):
        issue = self.issues[number]
        return {
            "number": number,
            "html_url": f"{self.repo_url}/issues/{number}",
            "title": issue["title"],
            "body": issue["body"] or None,
            "state": issue["state"],
            "labels": [{"id": 1, "name": name} for name in issue["labels"]],
            "assignees": [{"login": name} for name in issue["assignees"]],
        }

    def _issue(self, number):
        return Reply(200, self._show(number)) if number in self.issues else Reply(404, {"message": "Not Found"})

    def _create(self, call):
        if call.body["title"] == "bad":
            errors = [{"resource": "Issue", "field": "title", "code": "invalid", "message": "is bad"}]
            return Reply(422, {"message": "Validation Failed", "errors": errors})
        return Reply(201, self._show(self.add_issue(**call.body)))

    def _list(self, call):
        assert (call.query["state"], call.query["direction"]) == ("all", "desc")
        return Reply(200, [self._show(number) for number in sorted(self.issues, reverse=True)])

    def _patch(self, call, number):
        if int(number) not in self.issues:
            return Reply(404, {"message": "Not Found"})
        self.issues[int(number)].update(call.body)
        return self._issue(int(number))

    def _search(self, call):
        scope, _, words = call.query["q"].partition(" ")
        assert scope == "repo:acme/app"
        found = [self._show(number) for number, issue in self.issues.items() if words in issue["title"]]
        return Reply(200, {"total_count": len(found), "incomplete_results": False, "items": found})

    # Comments

    def _comment(self, call, number):
        comment = 500 + len(self.comments)
        self.comments[comment] = (int(number), call.body["body"])
        return Reply(201, self._show_comment(comment))

    def _show_comment(self, comment):
        number, body = self.comments[comment]
        return {"id": comment, "html_url": f"{self.repo_url}/issues/{number}#c-{comment}", "body": body}

    def _list_comments(self, call, number):
        return Reply(200, [self._show_comment(c) for c, (n, _) in self.comments.items() if n == int(number)])

    def _patch_comment(self, call, comment):
        if int(comment) not in self.comments:
            return Reply(404, {"message": "Not Found"})
        self.comments[int(comment)] = (self.comments[int(comment)][0], call.body["body"])
        return Reply(200, self._show_comment(int(comment)))

    def _delete_comment(self, call, comment):
        return Reply(204) if self.comments.pop(int(comment), None) else Reply(404, {"message": "Not Found"})

    # Actions

    def _dispatch(self, call, workflow):
        if workflow == "none.yml":
            return Reply(404, {"message": "Not Found"})
        if call.body.get("return_run_details") and not self.tells_runs:
            text = 'Invalid request.\n\n"return_run_details" is not a permitted key.'
            return Reply(422, {"message": text, "status": "422"})
        if call.body["ref"] == "gone":
            return Reply(422, {"message": "No ref found for: gone"})
        self.dispatched.append((workflow, call.body["ref"], call.body["inputs"]))
        number = self.add_run(call.body["ref"]) if self.tells_runs or self.runs_appear else None
        if not call.body.get("return_run_details"):
            return Reply(204)
        return Reply(200, {"workflow_run_id": number, "run_url": f"{self.url}/x", "html_url": f"{self.url}/y"})

    def _list_runs(self, call, workflow):
        assert call.query["event"] == "workflow_dispatch"
        runs = [self._show_run(number) for number in sorted(self.runs, reverse=True)]
        return Reply(200, {"total_count": len(runs), "workflow_runs": runs})

    def _run(self, number):
        return Reply(200, self._show_run(number)) if number in self.runs else Reply(404, {"message": "Not Found"})

    def _show_run(self, number):
        at = (_BORN + timedelta(minutes=number)).isoformat().replace("+00:00", "Z")
        return {"id": number, "html_url": f"{self.repo_url}/runs/{number}", "created_at": at, **self.runs[number]}
