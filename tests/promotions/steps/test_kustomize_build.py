import os
import stat
from dataclasses import replace

import pytest

from integrations import confinement
from integrations.errors import Aborted
from integrations.http import BlockedAddress, HttpClient, HttpPolicy
from integrations.programs import ProgramMissing
from promotions.steps.base import Done, StepErrored, StepFailed
from tests.servers.charts import serve_charts
from tests.servers.http_recorder import HttpRecorder

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: App
  namespace: prod
spec:
  template:
    spec:
      containers:
      - image: acme/app:1
        name: app
        volumeMounts:
        - mountPath: /etc/passwd
          name: users
"""
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: prod\n"


@pytest.fixture
def shop(bench):
    """A base, an overlay that leaves its directory for files, and a namespace."""
    bench.write("shared.txt", "hello\n")
    bench.write("base/deployment.yaml", DEPLOYMENT)
    bench.write("base/namespace.yaml", NAMESPACE)
    bench.write("base/kustomization.yaml", "resources: [deployment.yaml, namespace.yaml]\n")
    bench.write(
        "overlay/kustomization.yaml",
        """\
resources: [../base]
images: [{name: acme/app, newTag: "2"}]
configMapGenerator: [{name: settings, files: [text=../shared.txt], options: {disableNameSuffixHash: true}}]
""",
    )
    return bench


def test_writes_one_file_with_all_manifests(shop):
    assert shop.run("kustomize-build", {"path": "overlay", "outPath": "out/all.yaml"}) == Done()

    documents = shop.read("out/all.yaml").split("---\n")
    assert [document.split("kind: ")[1].split("\n")[0] for document in documents] == [
        "Namespace",
        "ConfigMap",
        "Deployment",
    ]
    assert documents[0] == NAMESPACE
    assert "acme/app:2" in documents[2]
    assert "text: |\n    hello\n" in documents[1]
    assert stat.S_IMODE((shop.workdir / "out/all.yaml").stat().st_mode) == 0o600
    assert stat.S_IMODE((shop.workdir / "out").stat().st_mode) == 0o700


def test_writes_one_file_a_manifest_and_leaves_others_alone(shop):
    shop.write("out/old.yaml", "stays")
    shop.write("out/namespace-prod.yaml", "goes")

    shop.run("kustomize-build", {"path": "/overlay", "outPath": "out"})

    assert sorted(os.listdir(shop.workdir / "out")) == [
        "configmap-settings.yaml",
        "namespace-prod.yaml",
        "old.yaml",
        "prod-deployment-app.yaml",
    ]
    assert shop.read("out/namespace-prod.yaml") == NAMESPACE
    assert shop.read("out/old.yaml") == "stays"
    assert ("info", "Wrote 3 manifests to out") in shop.lines


def test_names_files_as_kustomize_does(shop):
    shop.run("kustomize-build", {"path": "overlay", "outPath": "out", "outputFormat": "kustomize"})

    # The settings have no namespace, which is another one than prod.
    assert sorted(os.listdir(shop.workdir / "out")) == [
        "prod_apps_v1_deployment_app.yaml",
        "v1_configmap_settings.yaml",
        "v1_namespace_prod.yaml",
    ]


def test_says_which_kustomize_it_used(shop):
    shop.run("kustomize-build", {"path": "base", "outPath": "out"})

    assert shop.lines[0][1].startswith("Using kustomize v5.")


def test_renders_a_chart_of_the_work_tree(shop):
    shop.write("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
    shop.write("charts/web/values.yaml", "size: small\n")
    shop.write(
        "charts/web/templates/cm.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
        'data: {size: "{{ .Values.size }}", kube: "{{ .Capabilities.KubeVersion.Version }}"}\n',
    )
    shop.write(
        "kustomization.yaml",
        "helmGlobals: {chartHome: ./charts}\nhelmCharts: [{name: web, releaseName: r, valuesInline: {size: big}}]\n",
    )

    shop.run(
        "kustomize-build",
        {"path": ".", "outPath": "all.yaml", "plugin": {"helm": {"kubeVersion": "1.29.0", "apiVersions": ["a/v1"]}}},
    )

    assert "size: big" in shop.read("all.yaml")
    assert "kube: v1.29.0" in shop.read("all.yaml")


@pytest.mark.parametrize(
    ("kustomization", "message"),
    [
        ("resources: [https://example.com/app.yaml]", "would be fetched from elsewhere"),
        ("resources: ['https://alice:s3cret@example.com/app.yaml']", "https://example.com/app.yaml would be fetched"),
        ("resources: [github.com/acme/app//deploy?ref=v1]", "would be fetched from elsewhere"),
        ("resources: ['git@github.com:acme/app.git']", "would be fetched from elsewhere"),
        ("components: [ssh://git@host/app]", "would be fetched from elsewhere"),
        ("patches: [{path: 'http://host/patch.yaml'}]", "would be fetched from elsewhere"),
        ("helmCharts: [{name: web, repo: 'https://charts.example.com'}]", "the chart web of https://charts"),
        ("helmCharts: [{name: web, releaseName: --post-renderer=./run}]", "begins with a hyphen"),
        ("resources: [../../outside]", '"../../outside" is outside the work tree'),
        ("resources: [/etc/passwd]", '"/etc/passwd" is outside the work tree'),
        ("configMapGenerator: [{name: a, files: [key=../../outside/secret]}]", "is outside the work tree"),
        ("configMapGenerator: [{name: a, envs: [link]}]", '"link" leads outside the work tree'),
        ("secretGenerator: [{name: a, files: [dir/secret]}]", '"dir/secret" leads outside the work tree'),
        ("transformers: [patch.yaml]", '"../../outside/secret" is outside the work tree'),
        ("generators: [plugins]", '"../../outside/secret" is outside the work tree'),
        (
            "generators: ['{kind: ConfigMapGenerator,\n\n files: [../../outside/secret]}']",
            '"../../outside/secret" is outside the work tree',
        ),
        (
            "generators: ['{kind: ConfigMapGenerator, files: [../../outside/secret]}']",
            '"../../outside/secret" is outside the work tree',
        ),
        ("helmCharts: [{name: linked}]", '"bad.txt" leads outside the work tree'),
        ("openapi: {path: ../../outside/secret}", "is outside the work tree"),
    ],
)
def test_nothing_outside_the_work_tree_is_read_or_fetched(bench, kustomization, message):
    outside = bench.workdir.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_text("key=s3cret")
    bench.write("app/kustomization.yaml", kustomization + "\n")
    (bench.workdir / "app/link").symlink_to(outside / "secret")
    (bench.workdir / "app/dir").symlink_to(outside)
    bench.write("app/patch.yaml", "kind: PatchTransformer\nmetadata: {name: p}\npath: ../../outside/secret\n")
    bench.write("app/plugins/kustomization.yaml", "resources: [generator.yaml]\n")
    bench.write(
        "app/plugins/generator.yaml",
        "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: g}\nfiles: [../../outside/secret]\n",
    )
    bench.write("app/charts/linked/Chart.yaml", "apiVersion: v2\nname: linked\nversion: 1.0.0\n")
    (bench.workdir / "app/charts/linked/bad.txt").symlink_to(outside / "secret")

    with pytest.raises(StepErrored, match=r'^"app" is not built: ') as caught:
        bench.run("kustomize-build", {"path": "app", "outPath": "out"})

    assert message in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert not (bench.workdir / "out").exists()


@pytest.fixture
def server():
    server = HttpRecorder()
    yield server
    server.close()


def test_an_operator_may_allow_kustomize_to_fetch(bench, server):
    serve_charts(server, "/stable", [("web", "1.0.0")])
    server.answers["/base.yaml"] = [(200, [], NAMESPACE.encode())]
    bench.write(
        "kustomization.yaml",
        f"resources: ['{server.url}/base.yaml']\n"
        f"helmCharts: [{{name: web, version: 1.0.0, repo: '{server.url}/stable'}}]\n",
    )
    bench.tools = replace(bench.tools, allow_remote_bases=True)

    bench.run("kustomize-build", {"path": ".", "outPath": "out"})
    with HttpClient(HttpPolicy(), "test") as strict:
        bench.http = strict
        with pytest.raises(BlockedAddress):
            bench.run("kustomize-build", {"path": ".", "outPath": "blocked"})

    assert sorted(os.listdir(bench.workdir / "out")) == ["configmap-web.yaml", "namespace-prod.yaml"]


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (
            (
                "apiVersion: v1\nkind: Evil\nmetadata:\n  name: evil\n  annotations:\n"
                "    config.kubernetes.io/function: |\n      exec: {path: ./run}\n"
            ),
            "must specify|external plugins disabled|unable to load|exec",
        ),
        ("apiVersion: someteam.example.com/v1\nkind: Evil\nmetadata: {name: evil}\n", "external plugins disabled"),
    ],
    ids=["function", "plugin"],
)
def test_plugins_that_run_programs_are_off(bench, plugin, message):
    mark = bench.workdir.parent / "was-here"
    bench.write("run", f"#!/bin/sh\ntouch {mark}\n", mode=0o755)
    bench.write("generator.yaml", plugin)
    bench.write("kustomization.yaml", "generators: [generator.yaml]\n")

    with pytest.raises(StepErrored, match=message):
        bench.run("kustomize-build", {"path": ".", "outPath": "out"})

    assert not mark.exists()


@pytest.mark.skipif(not confinement.is_available(), reason="this kernel has no Landlock")
def test_the_kernel_holds_what_no_look_at_the_files_would_find(bench):
    (bench.workdir.parent / "secret").write_text("s3cret")
    bench.write("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
    # Helm reads a schema's references by itself, from wherever they point to.
    schema = f'{{"$ref": "file://{bench.workdir.parent}/secret"}}'
    bench.write("charts/web/values.yaml", "{}")
    bench.write("charts/web/values.schema.json", schema)
    bench.write("charts/web/templates/a.yaml", "a: 1")
    bench.write("kustomization.yaml", "helmCharts: [{name: web, releaseName: r}]\n")

    with pytest.raises(StepErrored, match="permission denied"):
        bench.run("kustomize-build", {"path": ".", "outPath": "out"})


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nope", "is not a directory"),
        ("../elsewhere", "outside the work tree"),
        ("a/../../../x", "outside the work tree"),
        ("empty", "kustomize could not build: .*unable to find one of"),
    ],
)
def test_a_path_without_a_kustomization_is_an_error(bench, path, message):
    (bench.workdir / "empty").mkdir()

    with pytest.raises(StepErrored, match=message) as caught:
        bench.run("kustomize-build", {"path": path, "outPath": "out"})

    assert not caught.value.permanent
    assert "secret-place" not in str(caught.value)


@pytest.mark.parametrize("name", ["a/b", "..\\x"])
def test_a_manifest_whose_name_is_no_file_name_is_an_error(bench, name):
    bench.write("cm.yaml", f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: '{name}'}}\n")
    bench.write("kustomization.yaml", "resources: [cm.yaml]\n")

    with pytest.raises(StepErrored, match="no plain file name"):
        bench.run("kustomize-build", {"path": ".", "outPath": "out"})


def test_a_missing_program_names_the_setting_and_the_remedy(shop):
    shop.tools = replace(shop.tools, kustomize="/nowhere/kustomize")

    with pytest.raises(ProgramMissing, match=r"KARGOWEB_KUSTOMIZE names .*/nowhere/kustomize.*Install") as caught:
        shop.run("kustomize-build", {"path": "base", "outPath": "out"})

    assert caught.value.permanent


def test_goes_on_without_helm_where_no_chart_is(shop):
    shop.tools = replace(shop.tools, helm="/nowhere/helm")

    assert shop.run("kustomize-build", {"path": "base", "outPath": "out"}) == Done()


def test_an_abort_ends_the_program(shop, tmp_path):
    slow = tmp_path / "kustomize"
    slow.write_text('#!/bin/sh\n[ "$1" = version ] || exec sleep 60\n')
    slow.chmod(0o755)
    shop.tools = replace(shop.tools, kustomize=str(slow))
    shop.should_stop = lambda: True

    with pytest.raises(Aborted, match="kustomize was stopped"):
        shop.run("kustomize-build", {"path": "base", "outPath": "out"})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"outPath": "o"}, "path: is required"),
        ({"path": "", "outPath": "o"}, "path: must not be empty"),
        ({"path": "p", "outPath": "o", "outputFormat": ""}, "outputFormat: must be one of"),
        ({"path": "p", "outPath": "o", "plugin": {"helm": {"apiVersions": [""]}}}, "must not be empty"),
        ({"path": "p", "outPath": "o", "plugin": {"exec": True}}, "unknown field"),
        ({"path": "p", "outPath": "o", "enableExec": True}, "unknown field"),
    ],
)
def test_refuses_a_config_that_breaks_the_rules(bench, config, message):
    with pytest.raises(StepFailed, match=f"invalid kustomize-build config: .*{message}"):
        bench.run("kustomize-build", config)
