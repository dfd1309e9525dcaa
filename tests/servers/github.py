"""GitHub Enterprise Server's REST API as far as pull requests and pushes go, over real git."""

import re

from integrations.git.environment import Place, run_git
from integrations.git.identity import Identity
from tests.servers.forge import TOKEN, Forge, Reply

_BASE = "/api/v3/repos/acme/app"


class GitHubServer(Forge):
    ready = "clean"

    def __init__(self, root):
        super().__init__(root)
        # Commits made by the API, and the refs it was told to set: (ref, sha, force).
        self.signed: list[str] = []
        self.refuse_updates = 0

    def authorize(self, call):
        return call.headers["Authorization"] == f"Bearer {TOKEN}"

    def answer(self, call):
        path = call.path.removeprefix(_BASE)
        if found := re.fullmatch(r"/pulls/(\d+)(/merge)?", path):
            pull = self.pulls.get(int(found[1]))
            if pull is None:
                return Reply(404, {"message": "Not Found"})
            return self._merge(call, pull) if found[2] else Reply(200, self._show(pull, whole=True))
        if path == "/pulls":
            return self._create(call) if call.method == "POST" else self._list(call)
        if found := re.fullmatch(r"/issues/(\d+)/labels", path):
            self.pulls[int(found[1])].labels += call.body["labels"]
            return Reply(200, [{"name": name} for name in call.body["labels"]])
        if found := re.fullmatch(r"/compare/([0-9a-f]+)\.\.\.([0-9a-f]+)", path):
            return self._compare(*found.groups())
        if path.startswith("/git/"):
            return self._git_data(call, path.removeprefix("/git"))
        return Reply(404, {"message": "Not Found"})

    def _list(self, call):
        owner, _, source = call.query["head"].partition(":")
        wanted = [
            pull
            for pull in self.pulls.values()
            if (owner, source, call.query["base"]) == ("acme", pull.source, pull.target) and pull.state == "open"
        ]
        return self.paged(call, [self._show(pull, whole=False) for pull in wanted])

    def _create(self, call):
        if any(pull.source == call.body["head"] and pull.state == "open" for pull in self.pulls.values()):
            error = {"message": "A pull request already exists for acme:change.", "code": "custom"}
            return Reply(422, {"message": "Validation Failed", "errors": [error]})
        pull = self.open_pull(
            call.body["head"], call.body["base"], title=call.body["title"], description=call.body["body"]
        )
        return Reply(201, self._show(pull, whole=True))

    def _merge(self, call, pull):
        if self.on_merge:
            return self.on_merge.pop(0)
        self.do_merge(pull, (call.body or {}).get("merge_method"))
        return Reply(200, {"sha": pull.merge_commit, "merged": True, "message": "Pull Request successfully merged"})

    def _show(self, pull, *, whole):
        shown = {
            "number": pull.number,
            "url": f"{self.base_url}{_BASE}/pulls/{pull.number}",
            "html_url": f"{self.base_url}/acme/app/pull/{pull.number}",
            "state": "open" if pull.state == "open" else "closed",
            "title": pull.title,
            "body": pull.description,
            "draft": pull.draft,
            "merged_at": "2026-01-03T00:00:00Z" if pull.state == "merged" else None,
            # GitHub tries the merge of every open pull request and shows the commit.
            "merge_commit_sha": pull.merge_commit or "7" * 40,
            "head": {"ref": pull.source, "sha": pull.head, "label": f"acme:{pull.source}"},
            "base": {"ref": pull.target, "sha": self.head(self.repository, pull.target)},
            "created_at": pull.created_at.isoformat().replace("+00:00", "Z"),
        }
        if whole:
            shown["mergeable_state"] = pull.readiness
            shown["mergeable"] = {"dirty": False, "unknown": None}.get(pull.readiness, True)
        return shown

    # Git data

    def git(self, *arguments, stdin="", extra=None):
        path = self.path(self.repository)
        result = run_git(*arguments, place=Place(directory=path, git_dir=path), stdin=stdin, extra=extra)
        assert result.exit_code == 0, result.stderr
        return result.stdout.strip()

    def refs(self):
        """All refs but branches that nobody but the API touches."""
        return self.git("for-each-ref", "--format=%(refname)").split()

    def _compare(self, base, head):
        start = self.git("merge-base", base, head)
        new = self.git("rev-list", "--topo-order", "--reverse", f"{base}..{head}").split()
        behind = self.git("rev-list", f"{head}..{base}").split()
        status = {(0, 0): "identical", (1, 0): "ahead", (0, 1): "behind"}.get((bool(new), bool(behind)), "diverged")
        commits = [self._show_commit(commit) for commit in new[:250]]
        shown = {"status": status, "ahead_by": len(new), "total_commits": len(new), "commits": commits}
        return Reply(200, {**shown, "merge_base_commit": {"sha": start}})

    def _show_commit(self, commit):
        form = "%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"
        tree, parents, *people, message = self.git("log", "-1", f"--format={form}", commit).split("\0")
        author, committer = people[:3], people[3:]
        keys = ("name", "email", "date")
        return {
            "sha": commit,
            "commit": {
                "tree": {"sha": tree},
                "message": message,
                "author": dict(zip(keys, author, strict=True)),
                "committer": dict(zip(keys, committer, strict=True)),
            },
            "parents": [{"sha": parent} for parent in parents.split()],
        }

    def _git_data(self, call, path):
        if path == "/commits":
            return self._make_commit(call.body)
        ref = path.removeprefix("/ref/") if path.startswith("/ref/") else path.removeprefix("/refs").lstrip("/")
        if call.method == "POST":
            self.git("update-ref", call.body["ref"], call.body["sha"])
            return Reply(201, {"ref": call.body["ref"], "object": {"sha": call.body["sha"]}})
        if f"refs/{ref}" not in self.refs():
            return Reply(404 if call.method == "GET" else 422, {"message": "Reference does not exist"})
        if call.method == "DELETE":
            self.git("update-ref", "-d", f"refs/{ref}")
            return Reply(204)
        if call.method == "PATCH":
            return self._update_ref(ref, call.body)
        return Reply(200, {"ref": f"refs/{ref}", "object": {"sha": self.git("rev-parse", f"refs/{ref}")}})

    def _update_ref(self, ref, body):
        old = self.git("rev-parse", f"refs/{ref}")
        is_forward = self.git("merge-base", old, body["sha"]) == old
        if self.refuse_updates or not (is_forward or body["force"]):
            self.refuse_updates = max(0, self.refuse_updates - 1)
            return Reply(422, {"message": "Update is not a fast forward"})
        self.git("update-ref", f"refs/{ref}", body["sha"])
        return Reply(200, {"ref": f"refs/{ref}", "object": {"sha": body["sha"]}})

    def _make_commit(self, body):
        """Sign what names nobody else as its author, as GitHub does for apps."""
        app = Identity("kargo[bot]", "kargo@users.noreply.example")
        author, committer = body.get("author"), body.get("committer")
        extra = {**app.environment()}
        for role, person in (("AUTHOR", author), ("COMMITTER", committer)):
            if person:
                extra |= {
                    f"GIT_{role}_NAME": person["name"],
                    f"GIT_{role}_EMAIL": person["email"],
                    f"GIT_{role}_DATE": person["date"],
                }
        parents = [word for parent in body["parents"] for word in ("-p", parent)]
        sha = self.git("commit-tree", body["tree"], *parents, "-F", "-", stdin=body["message"], extra=extra)
        if not author:
            self.signed.append(sha)
        return Reply(201, {"sha": sha, "verification": {"verified": not author}})
