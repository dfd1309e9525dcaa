"""Every service that a step can talk to, in one process on loopback: what a template that uses every step needs.

A git host with pull requests (GitHub's API), a registry, a chart repository, files and webhooks, Argo CD with its
controller. `python -m tests.servers.everything DIRECTORY` prints its addresses; a line {"call", "args"} on standard
input gives a line {"value"}. An answer can be held back after its deed is done: the moment at which a killed worker
does not know what it did.
"""

import io
import json
import os
import re
import sys
import tarfile
import threading
import traceback
from pathlib import Path

from integrations.loopback.oci_registry import MANIFEST_TYPE, OciRegistry
from tests.servers.argocd import TOKEN as ARGOCD_TOKEN
from tests.servers.argocd import ArgoCDServer, make_app
from tests.servers.charts import serve_charts
from tests.servers.forge import TOKEN as FORGE_TOKEN
from tests.servers.github import GitHubServer
from tests.servers.github_work import TOKEN as WORK_TOKEN
from tests.servers.github_work import GitHubWork
from tests.servers.http_recorder import HttpRecorder
from tests.servers.jira import JiraServer
from tests.servers.slack import TOKEN as SLACK_TOKEN
from tests.servers.slack import SlackServer

PROJECT = STAGE = "everything"
IMAGE, BUNDLE, RELEASED = "acme/every", "acme/bundle", "acme/released"
BRANCH = "env/every"
_PROMOTION = "kargo.akuity.io/promotion"
_ROUND_SECONDS = 0.05
_LONGEST_HOLD_SECONDS = 60
_MANIFESTS = Path(__file__).with_name("everything.yaml")

_FILES = {
    "config/values.yaml": "# Of the app.\nimage:\n  tag: none\npromotion: none\n",
    "config/settings.json": '{\n  "promotion": "none",\n  "replicas": 2\n}\n',
    "config/settings.toml": 'promotion = "none"\nreplicas = 2\n',
    "config/main.tf": 'variable "promotion" {\n  default = "none"\n}\n',
    "chart/values.yaml": "name: every\n",
    "chart/templates/settings.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Values.name }}}\n",
    "kustomize/kustomization.yaml": "resources: [deployment.yaml]\n",
}
_CHART = """\
apiVersion: v2
name: every
version: 0.1.0
dependencies:
- name: web
  version: 1.0.0
  repository: {files}/charts
"""
_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: every}}
spec:
  selector: {{matchLabels: {{app: every}}}}
  template:
    metadata: {{labels: {{app: every}}}}
    spec:
      containers:
      - {{name: every, image: {image}}}
"""


def read_manifests(addresses):
    """The manifests of the project whose stage uses every step, as one text."""
    text = _MANIFESTS.read_text()
    for name, value in addresses.items():
        text = text.replace(f"@{name}@", value)
    return text


class Gate:
    """Holds back answers, once it is armed: the other side has done its part, and nobody hears of it."""

    def __init__(self):
        self._lock, self._pattern, self._skip, self._keeps_all = threading.Lock(), None, 0, False
        self._held, self._opened = threading.Event(), threading.Event()

    def arm(self, pattern, skip):
        """Hold back the answer to the next such request ("PUT /hook"), but let some pass before."""
        self._arm(pattern, skip, keeps_all=False)

    def close(self, pattern):
        """Hold back the answers to all such requests, until it is opened."""
        self._arm(pattern, 0, keeps_all=True)

    def _arm(self, pattern, skip, *, keeps_all):
        with self._lock:
            self._pattern, self._skip, self._keeps_all = re.compile(pattern), skip, keeps_all
            self._held.clear()
            self._opened.clear()

    def wait_until_held(self, seconds):
        return self._held.wait(seconds)

    def open(self):
        with self._lock:
            self._pattern = None
            self._opened.set()

    def pass_by(self, request):
        """Called before the first byte of each answer; `request` is method and path."""
        with self._lock:
            if self._pattern is None or not self._pattern.search(request):
                return
            self._skip -= 1
            if self._skip >= 0:
                return
            if not self._keeps_all:
                self._pattern = None
        self._held.set()
        self._opened.wait(_LONGEST_HOLD_SECONDS)


class _Writer(io.BufferedIOBase):
    def __init__(self, handler, file):
        super().__init__()
        self._handler, self._file = handler, file

    def write(self, data):
        if not self._handler.has_answered:
            self._handler.has_answered = True
            self._handler.gate.pass_by(f"{self._handler.command} {self._handler.path}")
        return self._file.write(data)

    def flush(self):
        if not self._file.closed:
            self._file.flush()


def gated(handler_class, gate_of_all):
    """The handler, with its answers passing the gate."""

    class Gated(handler_class):
        gate = gate_of_all
        has_answered = True

        def setup(self):
            super().setup()
            self.wfile = _Writer(self, self.wfile)

        def parse_request(self):
            is_fine = super().parse_request()
            self.has_answered = not is_fine
            return is_fine

    return Gated


class Everything:
    """The services. `root` must be empty. What they saw of a promotion is in `facts`."""

    def __init__(self, root):
        self.gate = Gate()
        self.forge = GitHubServer(root / "git")
        self.registry = OciRegistry().start()
        self.files = HttpRecorder()
        self.slack = SlackServer()
        self.argocd = ArgoCDServer()
        self.work, self.jira = GitHubWork(), JiraServer()
        for server in (
            *(self.forge._server, self.registry._server, self.files.server, self.slack.server, self.argocd._server),
            *(self.work.server, self.jira.server),
        ):
            server.RequestHandlerClass = gated(server.RequestHandlerClass, self.gate)
        self.forge.start()
        self.addresses = {
            "forge": self.forge.repo_url,
            "forge_api": f"{self.forge.base_url}/api/v3",
            "registry": self.registry.host,
            "files": self.files.url,
            "slack": self.slack.api_url,
            "work": self.work.repo_url,
            "argocd": self.argocd.url,
        }
        self._fill()
        self._stopped = threading.Event()
        self._controller = threading.Thread(target=self._control, name="controller", daemon=True)
        self._controller.start()

    def stop(self):
        self.gate.open()
        self._stopped.set()
        self._controller.join()
        self.forge.stop()
        self.registry.stop()
        self.files.close()
        self.slack.close()
        self.work.stop()
        self.jira.stop()
        self.argocd.close()

    def facts(self, promotion):
        """How often each effect of one promotion happened, as the other side tells it."""
        forge = self.forge
        refs = forge.git("for-each-ref", "--format=%(refname)").split()
        pulls = [pull for pull in forge.pulls.values() if pull.source == f"change/{promotion}"]
        merges = [call for call in forge.calls if any(call.route.endswith(f"/pulls/{p.number}/merge") for p in pulls)]
        return {
            "pull requests": len(pulls),
            "labels": sorted({label for pull in pulls for label in pull.labels}),
            "merged": sum(pull.state == "merged" for pull in pulls),
            "merge requests": len(merges),
            "commits of the change": len(self._commits_about(promotion, f"change/{promotion}")),
            "commits of the branch": len(self._commits_about(promotion, BRANCH)),
            "tags": refs.count(f"refs/tags/every-{promotion}"),
            "staging refs": sum(ref.startswith("refs/kargo/") for ref in refs),
            "syncs": sum(_PROMOTION in str(body) and promotion in str(body) for body in self._syncs()),
            "pushed images": (self.registry.storage.find_tags(RELEASED) or []).count(promotion),
            "requests": sum(promotion in path for _, path, _, _ in self.files.seen),
            "messages": sum(promotion in str(message) for message in self.slack.messages),
            **self._count_work(promotion),
            "rendered": self._read_tree(promotion, BRANCH),
            "sources": self._read_tree(promotion, "main"),
        }

    def answer(self, path, body):
        """What a path of the file server says from now on."""
        self.files.answers[path] = [(200, [("Content-Type", "application/json")], json.dumps(body).encode())]

    def count_requests(self, text):
        """How often the file server was asked for paths that hold a text."""
        return sum(text in path for _, path, _, _ in self.files.seen)

    def _count_work(self, promotion):
        asked = [f"{call.method} {call.path} {call.body}" for call in list(self.work.calls)]
        written = [text for text in asked if re.match("POST .*/comments ", text)]
        issues = [issue for issue in self.work.issues.values() if promotion in issue["title"]]
        tickets = [ticket for ticket in self.jira.issues.values() if promotion in ticket["fields"]["summary"]]
        return {
            "issues": [(issue["state"], sorted(issue["labels"])) for issue in issues],
            "comments written": sum(promotion in text for text in written),
            "comments left": sum(promotion in text for _, text in self.work.comments.values()),
            "workflows": sum(promotion in str(inputs) for _, _, inputs in self.work.dispatched),
            "tickets": [len(ticket["comments"]) for ticket in tickets],
        }

    def _read_tree(self, promotion, branch):
        """{path: content} of a branch; promotions of the same freight differ in their name only."""
        forge, name = self.forge, self.forge.repository
        if f"refs/heads/{branch}" not in forge.refs():
            return {}
        return {
            path: forge.read(name, branch, path).replace(promotion, "<promotion>")
            for path in forge.files(name, branch)
        }

    def _commits_about(self, promotion, branch):
        if f"refs/heads/{branch}" not in self.forge.refs():
            return []
        return self.forge.git("log", "--format=%H", f"--grep={promotion}", "--fixed-strings", branch).split()

    def _syncs(self):
        return [
            body for method, path, _, body in list(self.argocd.seen) if method == "POST" and path.endswith("/sync")
        ]

    def _fill(self):
        image = f"{self.registry.host}/{IMAGE}"
        files = {
            **_FILES,
            "chart/Chart.yaml": _CHART.format(files=self.files.url),
            "kustomize/deployment.yaml": _DEPLOYMENT.format(image=image),
        }
        self.forge.commit(self.forge.repository, files, "Add what the steps change")
        serve_charts(self.files, "/charts", [("web", "1.0.0"), ("web", "1.1.0")])
        self.files.answers["/defaults.yaml"] = [(200, [], b"replicas: 1\nimage:\n  tag: latest\n")]
        self.files.answers["/slow"] = [(200, [], b"done")]
        self.answer("/hook", {"taken": True})
        self.answer("/flag", {"ready": False})
        for tag in ("1.0.0", "1.1.0"):
            self.registry.push_image(IMAGE, tag)
        self._push_bundle()
        source = {"repoURL": self.forge.repo_url, "path": ".", "targetRevision": BRANCH}
        self.argocd.add(make_app("every", stages=f"{PROJECT}:{STAGE}", sources=[source]))

    def _push_bundle(self):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            for name in ("policy.yaml", "docs/read-me.md"):
                content = f"{name} of the bundle\n".encode()
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
        body = buffer.getvalue()
        digest = self.registry.storage.put_blob(BUNDLE, body)
        config = self.registry.storage.put_blob(BUNDLE, b"{}")
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2},
            "layers": [{"mediaType": "application/x-tar+gzip", "digest": digest, "size": len(body)}],
        }
        self.registry.storage.put_manifest(BUNDLE, json.dumps(document).encode(), MANIFEST_TYPE, tag="1")

    def _control(self):
        while not self._stopped.wait(_ROUND_SECONDS):
            if f"refs/heads/{BRANCH}" in self.forge.refs():
                self.argocd.revisions[BRANCH] = self.forge.head(self.forge.repository, BRANCH)
            self.argocd.work()
            for run in list(self.work.runs.values()):
                run |= {"status": "completed", "conclusion": "success"}


def serve(root):
    """Until standard input ends."""
    services = Everything(root)
    calls = {
        "arm": services.gate.arm,
        "wait_until_held": services.gate.wait_until_held,
        "open": services.gate.open,
        "facts": services.facts,
        "close": services.gate.close,
        "answer": services.answer,
        "count_requests": services.count_requests,
    }
    addresses = {**services.addresses, "argocd_token": ARGOCD_TOKEN}
    # What the project must know: (name, kind, repository, user name, secrets).
    credentials = [
        ("forge", "git", services.addresses["forge"], "kargo", {"password": FORGE_TOKEN}),
        ("work", "git", services.addresses["work"], "kargo", {"password": WORK_TOKEN}),
        ("chat", "generic", "", "", {"apiKey": SLACK_TOKEN}),
        ("jira", "generic", "", "", services.jira.secret()),
    ]
    _tell({"addresses": addresses, "credentials": credentials})
    try:
        for line in sys.stdin:
            asked = json.loads(line)
            _tell({"value": calls[asked["call"]](*asked["args"])})
    finally:
        services.stop()


def _tell(answer):
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        serve(Path(sys.argv[1]))
    except BaseException:
        traceback.print_exc()
        # Servers that started have threads that would keep us here.
        os._exit(1)
