import json
import re
from datetime import UTC, datetime

import pytest

from integrations.errors import IntegrationError
from integrations.helm.index import ChartVersion, read_versions

# As `helm repo index` writes it.
INDEX = """\
apiVersion: v1
entries:
  db:
  - annotations:
      category: |
        version: not this one
    apiVersion: v2
    appVersion: "16.1"
    created: "2025-01-02T03:04:05.123456789Z"
    dependencies:
    - name: common
      repository: oci://registry/charts
      version: 2.x.x
    description: 'A database: with a
      colon'
    digest: 1111111111111111111111111111111111111111111111111111111111111111
    name: db
    urls:
    - https://cdn.example.com/db-1.10.0.tgz
    version: 1.10
  - created: "2024-01-02T03:04:05+01:00"
    deprecated: true
    digest: sha256:22
    name: db
    urls:
    - db-1.9.0.tgz
    version: 1.9.0
  db-tools:
  - name: db-tools
    urls: [db-tools-0.1.0.tgz]
    version: 0.1.0
generated: "2025-02-01T00:00:00Z"
"""
EXPECTED = [
    ChartVersion(
        "1.10",
        datetime(2025, 1, 2, 3, 4, 5, 123456, UTC),
        "1" * 64,
        ("https://cdn.example.com/db-1.10.0.tgz",),
        "16.1",
    ),
    ChartVersion("1.9.0", datetime.fromisoformat("2024-01-02T03:04:05+01:00"), "22", ("db-1.9.0.tgz",), "", True),
]


def indented(text):
    """The same lists, but with their dashes further in, as other tools write them."""
    return re.sub(r"(?m)^  (?=- |  )", "    ", text)


@pytest.mark.parametrize(
    "data",
    [
        INDEX.encode(),
        INDEX.replace("\n", "\r\n").encode(),
        indented(INDEX).encode(),
        INDEX.replace("  db:", '  "db":').encode(),
        INDEX.replace("apiVersion: v1\n", "", 1).encode() + b"apiVersion: v1\n",
    ],
    ids=["as helm", "CRLF", "indented", "quoted", "other order"],
)
def test_reads_the_versions_of_one_chart(data):
    assert read_versions(data, "db") == EXPECTED


def test_reads_json_and_flow_style():
    entries = {"db": [{"version": "1.9.0", "urls": ["db-1.9.0.tgz"], "digest": "22"}]}
    document = json.dumps({"apiVersion": "v1", "entries": entries})

    expected = [ChartVersion("1.9.0", None, "22", ("db-1.9.0.tgz",))]
    assert read_versions(document.encode(), "db") == expected
    assert read_versions(b"# flow\n" + document.encode(), "db") == expected


@pytest.mark.parametrize("name", ["d", "tools", "common", "b", "entries", "db.tools"])
def test_a_chart_that_is_not_listed_has_no_versions(name):
    assert read_versions(INDEX.encode(), name) == []
    assert read_versions(b"apiVersion: v1\nentries: {}\n", name) == []


def test_leaves_out_rows_that_are_none():
    data = b"apiVersion: v1\nentries:\n  db:\n  - 3\n  - name: db\n  - version: 1.0.0\n    urls: nope\n"

    assert read_versions(data, "db") == [ChartVersion("1.0.0")]


@pytest.mark.parametrize(
    "data",
    [b"<html>Sign in</html>", b"{", b"[" * 100_000, b"a: [", b"- 1", b"", b"\xff\xfe", b"a: &a [*a]"],
    ids=["page", "brace", "deep", "broken", "list", "empty", "binary", "circle"],
)
def test_what_is_no_index_is_a_permanent_error(data):
    with pytest.raises(IntegrationError) as caught:
        read_versions(data, "db")

    assert caught.value.permanent


def test_an_index_of_thousands_of_charts_costs_no_more_than_one_of_them():
    row = "  - description: |\n" + "      some text\n" * 20 + "    version: 1.0.0\n"
    others = "".join(f"  other-{number}:\n{row}" for number in range(20_000))
    data = f"apiVersion: v1\nentries:\n{others}{INDEX.partition('entries:')[2].lstrip(chr(10))}".encode()

    # Ten megabytes; a YAML reader would need minutes, and the test's time limit would end it.
    assert len(data) > 6_000_000
    assert read_versions(data, "db") == EXPECTED
