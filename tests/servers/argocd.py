"""Argo CD's server on loopback: its JSON, its errors, and a controller that moves when the test says so.

What its server does with a request is kept: a sync takes infos from the request, retries and sync options from
the application unless given, its initiator from the token, forgets the last operation's state, and is refused
while another operation is asked for. An application nobody may see looks like one that is not there.
"""

import contextlib
import copy
import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "argocd-token-0123456789"
ACCOUNT = "kargoweb"
REPOSITORY = "https://git.example.com/shop/config.git"


def stamp(ago=timedelta()):
    return (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%SZ")


def make_app(name="shop-uat", *, namespace="argocd", stages="shop:uat", sources=None, labels=None, **status):
    """An Application as the API gives it: synced, healthy and reconciled a minute ago."""
    listed = sources or [{"repoURL": REPOSITORY, "path": "uat", "targetRevision": "env/uat"}]
    spec = {"project": "default", "destination": {"server": "https://kubernetes.default.svc", "namespace": name}}
    spec |= {"source": listed[0]} if len(listed) == 1 else {"sources": listed}
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-{name}",
            "labels": labels or {},
            "annotations": {"kargo.akuity.io/authorized-stage": stages} if stages else {},
        },
        "spec": spec,
        "status": {
            "health": {"status": "Healthy"},
            "sync": {"status": "Synced", "revision": "0" * 40},
            "reconciledAt": stamp(timedelta(minutes=1)),
            **status,
        },
    }


def make_operation(phase="Succeeded", *, promotion=None, revision="abc", revisions=None, finished=None, message=""):
    """status.operationState; `promotion` None: somebody else's. revision=None: without a sync result."""
    infos = [{"name": "Reason", "value": "x"}, {"name": "kargo.akuity.io/promotion", "value": promotion}]
    state = {
        "operation": {
            "initiatedBy": {"username": ACCOUNT if promotion else "admin"},
            "sync": {},
            **({"info": infos} if promotion else {}),
        },
        "phase": phase,
        "message": message,
        "startedAt": stamp(timedelta(minutes=3)),
    }
    if phase not in ("Running", "Terminating"):
        state["finishedAt"] = finished or stamp(timedelta(minutes=2))
    if revisions is not None:
        state["syncResult"] = {"revisions": revisions}
    elif revision is not None:
        state["syncResult"] = {"revision": revision}
    return state


class ArgoCDServer:
    """`answers[(method, path)]` is a list of (status, body text) sent instead; the last one stays."""

    def __init__(self):
        self.apps, self.seen, self.answers, self.revisions = {}, [], {}, {}
        self.is_controller_away = False
        self.delay_seconds = 0.0
        self._stopped = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body are two packets; the second would wait 40 ms for the first to be acknowledged.
            disable_nagle_algorithm = True

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, text = server._serve(self.command, self.path, self.headers, body)
                content = text.encode()
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_PUT = serve  # noqa: N815

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self):
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reset(self):
        """As new, on the same port: servers are shared by the tests of a module."""
        self.apps, self.seen, self.answers, self.revisions = {}, [], {}, {}
        self.is_controller_away, self.delay_seconds = False, 0.0

    def add(self, app=None, **fields):
        app = app or make_app(**fields)
        self.apps[app["metadata"]["namespace"], app["metadata"]["name"]] = app
        return app

    def calls(self, *methods):
        """(method, path) of what was asked, in order; of these methods only, if any are given."""
        return [(method, path) for method, path, _, _ in self.seen if not methods or method in methods]

    def bodies(self, method):
        return [body for seen, _, _, body in self.seen if seen == method]

    def work(self):
        """One round of the controller: take up what was asked for, then end it, then look at the health."""
        for app in self.apps.values():
            status = app["status"]
            state = status.get("operationState")
            if operation := app.pop("operation", None):
                status["operationState"] = {"operation": operation, "phase": "Running", "startedAt": stamp()}
            elif state and "finishedAt" not in state:
                seen = [self._resolve(source) for source in _sources(app)]
                result = {"revisions": seen} if "sources" in app["spec"] else {"revision": seen[0]}
                state |= {"phase": "Succeeded", "message": "successfully synced (all tasks run)"}
                state |= {"finishedAt": stamp(), "syncResult": result}
                status["sync"] = {"status": "Synced", **result}
                status["reconciledAt"] = stamp()

    def _resolve(self, source):
        """What a target revision points at now: `revisions` knows branches, commits stand for themselves."""
        return self.revisions.get(source.get("targetRevision"), source.get("targetRevision"))

    def _serve(self, method, target, headers, body):
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        sent = json.loads(body) if body else None
        self.seen.append((method, path, {key: values[0] for key, values in query.items()}, sent))
        if self.delay_seconds:
            self._stopped.wait(self.delay_seconds)
        if answers := self.answers.get((method, path)):
            return answers.pop(0) if len(answers) > 1 else answers[0]
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return _error(401, 16, "invalid session: token signature is invalid")
        if path == "/api/v1/session/userinfo":
            return 200, json.dumps({"loggedIn": True, "username": ACCOUNT, "iss": "argocd"})
        if method == "GET" and path == "/api/v1/applications":
            return self._list(self.seen[-1][2])
        return self._serve_app(method, path, self.seen[-1][2], sent)

    def _list(self, query):
        requirements = [part.split("=") for part in query.get("selector", "").split(",") if "=" in part]
        found = [
            app
            for (namespace, _), app in self.apps.items()
            if namespace == query.get("appNamespace")
            and all(app["metadata"]["labels"].get(key) == value for key, value in requirements)
        ]
        return 200, json.dumps({"metadata": {"resourceVersion": "1"}, "items": found or None})

    def _serve_app(self, method, path, query, sent):
        parts = [unquote(part) for part in path.removeprefix("/api/v1/applications/").split("/")]
        namespace = (sent or query).get("appNamespace", "argocd")
        app = self.apps.get((namespace, parts[0]))
        if app is None:
            return _error(403, 7, "permission denied")
        if method == "GET":
            return self._refresh(app) if "refresh" in query else (200, json.dumps(app))
        if method == "PATCH" and sent["patchType"] == "merge":
            app["spec"] = _merge(app, json.loads(sent["patch"]))["spec"]
            return 200, json.dumps(app)
        if method == "POST" and parts[1:] == ["sync"]:
            return self._sync(app, sent)
        return _error(404, 5, "Not Found")

    def _refresh(self, app):
        if self.is_controller_away:
            self._stopped.wait(30)
        app["status"]["reconciledAt"] = stamp()
        return 200, json.dumps(app)

    def _sync(self, app, sent):
        if app.get("operation"):
            return _error(400, 9, "another operation is already in progress")
        policy = app["spec"].get("syncPolicy") or {}
        app["operation"] = {
            "initiatedBy": {"username": ACCOUNT},
            "info": sent.get("infos", []),
            "retry": sent.get("retryStrategy") or policy.get("retry") or {},
            "sync": {"syncOptions": (sent.get("syncOptions") or {}).get("items") or policy.get("syncOptions") or []},
        }
        app["status"].pop("operationState", None)
        return 200, json.dumps(app)


def _error(status, code, message):
    return status, json.dumps({"error": message, "code": code, "message": message})


def _sources(app):
    return app["spec"].get("sources") or [app["spec"]["source"]]


def _merge(target, patch):
    """RFC 7396, as far as it is needed."""
    if not isinstance(patch, dict):
        return patch
    merged = copy.deepcopy(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), value)
    return merged
