"""Jira Cloud's REST API v3: issues, comments, transitions and search, in the shapes of Atlassian's docs."""

import base64
import re

from tests.servers.api import ApiServer, Reply

USERNAME, PASSWORD = "kargo@example.com", "t0ken-of-jira"
_LOGIN = "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
# Status -> the statuses that one transition leads to.
FLOW = {"To Do": ("In Progress",), "In Progress": ("To Do", "Done"), "Done": ()}


class JiraServer(ApiServer):
    """`issues`: key -> {"fields", "properties", "comments"}; `users`: e-mail addresses known."""

    def __init__(self):
        super().__init__()
        self.forget()

    def forget(self):
        self.issues = {}
        self.users = ["ann@example.com", "annika@example.com"]
        self.calls.clear()
        self.faults.clear()
        self.lose = 0

    def secret(self):
        return {"domain": self.url, "username": USERNAME, "password": PASSWORD}

    def add_issue(self, status="To Do", **fields):
        key = f"SHOP-{len(self.issues) + 1}"
        self.issues[key] = {"fields": {"status": status, **fields}, "properties": {}, "comments": {}}
        return key

    def answer(self, call):
        if call.headers["Authorization"] != _LOGIN:
            return Reply(401, b"Client must be authenticated to access this resource.")
        path = call.path.removeprefix("/rest/api/3")
        if path == "/issue":
            return self._create(call)
        if path == "/search/jql":
            return self._search(call)
        if path == "/user/search":
            found = [mail for mail in self.users if mail.startswith(call.query["query"].partition("@")[0])]
            return Reply(200, [{"accountId": f"id-{mail}", "emailAddress": mail} for mail in found])
        if found := re.fullmatch(r"/issue/([^/]+)(/.*)?", path):
            issue = self.issues.get(found[1])
            if issue is None:
                said = {
                    "errorMessages": ["Issue does not exist or you do not have permission to see it."],
                    "errors": {},
                }
                return Reply(404, said)
            return self._with_issue(call, found[1], issue, found[2] or "")
        return Reply(404, {"errorMessages": ["no such address"]})

    def _create(self, call):
        fields = call.body["fields"]
        if fields["project"]["key"] != "SHOP":
            return Reply(400, {"errorMessages": [], "errors": {"project": "valid project is required"}})
        key = self.add_issue(**fields)
        self.issues[key]["properties"] = {item["key"]: item["value"] for item in call.body.get("properties", ())}
        return Reply(201, {"id": "10000", "key": key, "self": f"{self.url}/rest/api/3/issue/10000"})

    def _search(self, call):
        if call.body["jql"] == "bad":
            return Reply(400, {"errorMessages": ["Error in the JQL Query"], "errors": {}})
        wanted = call.body["jql"].removeprefix("summary = ")
        found = [
            {"key": key, "fields": issue["fields"], "properties": issue["properties"]}
            for key, issue in self.issues.items()
            if "project" in call.body["jql"] or issue["fields"].get("summary") == wanted
        ]
        return Reply(200, {"issues": found[: call.body["maxResults"]], "isLast": True})

    def _with_issue(self, call, key, issue, rest):
        match call.method, rest:
            case "GET", "":
                return Reply(200, {"key": key, "fields": {"status": {"name": issue["fields"]["status"]}}})
            case "PUT", "":
                return self._update(call, issue)
            case "DELETE", "":
                if issue["fields"].get("subtasks") and call.query.get("deleteSubtasks") != "true":
                    return Reply(400, {"errorMessages": [f"The issue '{key}' has subtasks."], "errors": {}})
                del self.issues[key]
                return Reply(204)
            case "GET", "/transitions":
                return Reply(200, {"transitions": self._transitions(issue)})
            case "POST", "/transitions":
                chosen = next(t for t in self._transitions(issue) if t["id"] == call.body["transition"]["id"])
                issue["fields"]["status"] = chosen["to"]["name"]
                return Reply(204)
            case "POST", "/comment":
                number = str(len(issue["comments"]) + 1)
                issue["comments"][number] = call.body
                return Reply(201, {"id": number, **call.body})
            case "GET", "/comment":
                comments = [{"id": number, **body} for number, body in issue["comments"].items()]
                return Reply(200, {"comments": comments, "total": len(comments)})
            case "DELETE", _ if rest.startswith("/comment/"):
                was_there = issue["comments"].pop(rest.removeprefix("/comment/"), None)
                return Reply(204) if was_there else Reply(404, {"errorMessages": ["Can not find a comment"]})
        return Reply(405)

    def _transitions(self, issue):
        targets = FLOW[issue["fields"]["status"]]
        return [{"id": str(n), "name": f"go to {name}", "to": {"name": name}} for n, name in enumerate(targets, 11)]

    def _update(self, call, issue):
        issue["fields"].update(call.body.get("fields", {}))
        labels = list(issue["fields"].get("labels", []))
        for change in call.body.get("update", {}).get("labels", ()):
            if "add" in change:
                labels.append(change["add"])
            elif change["remove"] in labels:
                labels.remove(change["remove"])
        issue["fields"]["labels"] = labels
        return Reply(204)
