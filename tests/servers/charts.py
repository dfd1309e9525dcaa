"""Helm charts for tests: archives, and a static chart repository made of them."""

import gzip
import hashlib
import io
import json
import tarfile

_SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Chart.Name }}}\n"


def pack_chart(name, version, files=None):
    """The bytes of a chart archive (.tgz), the same for the same input."""
    contents = {"Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n", **(files or {})}
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for path, text in contents.items():
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def serve_charts(server, prefix, charts):
    """Let an HttpRecorder answer as a chart repository at `prefix` with (name, version) pairs, newest last."""
    entries = {}
    for name, version in charts:
        archive = pack_chart(name, version, {"values.yaml": "{}\n", "templates/settings.yaml": _SETTINGS})
        file = f"{name}-{version}.tgz"
        server.answers[f"{prefix}/{file}"] = [(200, [], archive)]
        row = {"apiVersion": "v2", "name": name, "version": version, "urls": [file]}
        row |= {"digest": hashlib.sha256(archive).hexdigest(), "created": "2025-01-02T03:04:05.123456789Z"}
        entries.setdefault(name, []).insert(0, row)
    index = json.dumps({"apiVersion": "v1", "entries": entries})
    server.answers[f"{prefix}/index.yaml"] = [(200, [("Content-Type", "application/yaml")], index.encode())]
