import pytest

from promotions.files.errors import DocumentError
from promotions.files.manifests import (
    Identity,
    check_file_name,
    has_several_namespaces,
    identify,
    name_flat_file,
    name_kargo_file,
    name_kustomize_file,
    read_documents,
    split_documents,
)

INGRESS = Identity("networking.k8s.io", "v1", "Ingress", "Prod", "Door")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a: 1\n---\nb: 2\n", ["a: 1\n", "b: 2\n"]),
        ("---\na: 1\n---  \r\nb: |\n  ---\n  text\n", ["a: 1\n", "b: |\n  ---\n  text\n"]),
        ("---\n\n---\n# remark\n---", ["# remark\n"]),
        ("--- a\n", ["--- a\n"]),
        ("", []),
    ],
)
def test_cuts_documents_apart(text, parts):
    assert split_documents(text) == parts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n", Identity("", "v1", "Pod", "", "a")),
        (
            "spec:\n  kind: No\n  metadata: {name: no}\nmetadata:\n- x\n",
            Identity(),
        ),
        (
            (
                "apiVersion: apps/v1\ndata:\n  text: |\n    kind: No\nkind: App  # yes\nmetadata:\n  # remark\n\n"
                "  annotations:\n    'helm.sh/hook': pre-install,test\n  name: a\n  namespace: n\nspec: {}\n"
            ),
            Identity("apps", "v1", "App", "n", "a", "pre-install,test"),
        ),
        ("# Source: x\n{apiVersion: a/b/v1, kind: K, metadata: {name: n}}", Identity("a/b", "v1", "K", "", "n")),
        ('"apiVersion": v1\n"kind": K\n"metadata": {"name": n}\n', Identity("", "v1", "K", "", "n")),
        ("x: &n name\nkind: K\nmetadata: {name: *n}\n", Identity("", "", "K", "", "name")),
        ("kind: List\nitems: []\n", Identity()),
        ("kind: 1\nmetadata: {name: 2}\n", Identity()),
        ("kind: [", Identity()),
        ("# nothing\n", Identity()),
    ],
)
def test_tells_what_a_manifest_is(text, expected):
    assert identify(text) == expected


@pytest.mark.parametrize(
    ("identity", "kargo", "kustomize", "flat"),
    [
        (
            INGRESS,
            "prod-ingress-door.yaml",
            "prod_networking.k8s.io_v1_ingress_door.yaml",
            "networking_k8s_io-ingress-prod-door.yaml",
        ),
        (Identity("", "v1", "Secret", "", "s"), "secret-s.yaml", "v1_secret_s.yaml", "secret-s.yaml"),
        (
            Identity("", "v1", "Namespace", "odd", "n"),
            "odd-namespace-n.yaml",
            "v1_namespace_n.yaml",
            "namespace-odd-n.yaml",
        ),
    ],
)
def test_names_files(identity, kargo, kustomize, flat):
    assert name_kargo_file(identity) == kargo
    assert name_kustomize_file(identity, with_namespace=True) == kustomize
    assert name_flat_file(identity) == flat
    assert name_kustomize_file(INGRESS, with_namespace=False) == "networking.k8s.io_v1_ingress_door.yaml"


@pytest.mark.parametrize(
    ("namespaces", "several"), [(["a", "a"], False), (["a", "b"], True), (["a", ""], True), (["default", ""], False)]
)
def test_tells_several_namespaces(namespaces, several):
    rows = [Identity("", "v1", "Secret", namespace, "s") for namespace in namespaces]

    assert has_several_namespaces([*rows, Identity("", "v1", "Namespace", "", "n")]) is several


@pytest.mark.parametrize("name", ["", ".", "..", "a/b.yaml", "a\\b.yaml", "/a", "a\x00.yaml"])
def test_a_file_name_is_nothing_else(name):
    with pytest.raises(DocumentError):
        check_file_name(name)


def test_a_plain_file_name_is_good():
    check_file_name("a-b..c.yaml")


def test_reads_all_documents():
    assert read_documents(b"a: 1\n---\n- 2\n") == [{"a": 1}, [2]]
