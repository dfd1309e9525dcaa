"""Slack's chat.postMessage and incoming webhooks, in the shapes that Slack's docs show."""

from tests.servers.api import ApiServer, Reply

TOKEN = "xoxb-0123456789-token"
CHANNELS = ("C1", "C2")
_HOOK = "/services/T1/B1/s3cretpath"


class SlackServer(ApiServer):
    """`messages` and `hooked` are those taken; `refuse` is the error of the next ones."""

    def __init__(self):
        super().__init__()
        self.messages, self.hooked, self.refuse = [], [], ""

    def forget(self):
        self.messages.clear()
        self.hooked.clear()
        self.calls.clear()
        self.faults.clear()
        self.refuse = ""

    @property
    def api_url(self):
        return f"{self.url}/api"

    @property
    def webhook_url(self):
        return f"{self.url}{_HOOK}"

    def answer(self, call):
        if call.path == _HOOK:
            return self._hook(call)
        return Reply(200, self._post(call)) if call.path == "/api/chat.postMessage" else Reply(404, b"not found")

    def _hook(self, call):
        if self.refuse:
            return Reply(403, self.refuse.encode())
        if not (call.body.get("text") or call.body.get("blocks")):
            return Reply(400, b"no_text")
        self.hooked.append(call.body)
        return Reply(200, b"ok")

    def _post(self, call):
        error = self.refuse
        if call.headers["Authorization"] != f"Bearer {TOKEN}":
            error = "invalid_auth"
        elif call.body.get("channel") not in CHANNELS:
            error = "channel_not_found"
        elif not (call.body.get("text") or call.body.get("blocks")):
            error = "no_text"
        if error:
            return {"ok": False, "error": error}
        self.messages.append(call.body)
        return {"ok": True, "channel": call.body["channel"], "ts": f"1700000000.{len(self.messages):06d}"}
