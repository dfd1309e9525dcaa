import os
from dataclasses import replace

import pytest

from integrations import confinement
from integrations.programs import ProgramMissing
from promotions.steps.base import Done, StepErrored, StepFailed

CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-settings
  namespace: {{ .Release.Namespace }}
data:
  size: {{ .Values.size | quote }}
  kube: {{ .Capabilities.KubeVersion.Version }}
  has: {{ .Capabilities.APIVersions.Has "acme/v1" | quote }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: Door}
"""
HOOK = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: {"helm.sh/hook": pre-install}
"""
TEST_HOOK = """\
apiVersion: v1
kind: Pod
metadata:
  name: check
  annotations: {"helm.sh/hook": test}
"""


@pytest.fixture
def chart(bench):
    """A chart with two manifests in one template, two hooks and a custom resource definition."""
    bench.write("chart/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n")
    bench.write("chart/values.yaml", "size: small\n")
    bench.write("chart/templates/settings.yaml", CONFIG_MAP)
    bench.write("chart/templates/hook.yaml", HOOK)
    bench.write("chart/templates/check.yaml", TEST_HOOK)
    bench.write("chart/crds/foo.yaml", "apiVersion: v1\nkind: CustomResourceDefinition\nmetadata: {name: foos}\n")
    return bench


@pytest.fixture
def render(chart):
    def render(out_path="out", **config):
        result = chart.run("helm-template", {"path": "chart", "outPath": out_path, "releaseName": "r", **config})
        assert result == Done()
        return chart

    return render


def test_writes_one_file_with_manifests_and_then_hooks(render):
    text = render("out/all.yaml").read("out/all.yaml")

    assert text.startswith("---\n# Source: web/templates/settings.yaml\napiVersion: v1\n")
    order = [line for line in text.splitlines() if line.startswith("# Source: ")]
    assert order[:2] == ["# Source: web/templates/settings.yaml"] * 2
    assert sorted(order[2:]) == ["# Source: web/templates/check.yaml", "# Source: web/templates/hook.yaml"]
    assert "name: r-settings\n  namespace: shop\n" in text
    assert "CustomResourceDefinition" not in text


def test_writes_helms_tree_below_the_name_of_the_release_on_request(render):
    render(useReleaseName=True, includeCRDs=True)
    found = render("plain", useReleaseName=False).files()

    assert sorted(name for name in found if name.startswith("out")) == sorted(
        [
            # Helm does not put these below the name of the release.
            "out/web/crds/foo.yaml",
            "out/r/web/templates/check.yaml",
            "out/r/web/templates/hook.yaml",
            "out/r/web/templates/settings.yaml",
        ]
    )
    assert [name for name in found if name.startswith("plain")] == [
        "plain/web/templates/check.yaml",
        "plain/web/templates/hook.yaml",
        "plain/web/templates/settings.yaml",
    ]


def test_a_second_run_writes_the_same_tree(render):
    first = render().read("out/web/templates/hook.yaml")

    assert render().read("out/web/templates/hook.yaml") == first == f"---\n# Source: web/templates/hook.yaml\n{HOOK}"


def test_writes_flat_files(render):
    bench = render(outLayout="flat")

    assert sorted(os.listdir(bench.workdir / "out")) == [
        "batch-job-migrate.yaml",
        "configmap-shop-r-settings.yaml",
        "networking_k8s_io-ingress-door.yaml",
        "pod-check.yaml",
    ]
    assert bench.read("out/batch-job-migrate.yaml") == HOOK.strip()
    assert bench.read("out/networking_k8s_io-ingress-door.yaml").startswith("# Source: web/templates/settings.yaml\n")


def test_numbers_what_has_no_name(chart, render):
    chart.write("chart/templates/zz.yaml", "# only a remark\n---\nkind: List\nitems: []\n")

    bench = render(outLayout="flat", disableHooks=True)

    names = [name for name in os.listdir(bench.workdir / "out") if name.startswith("resource")]
    assert sorted(names) == ["resource-0.yaml", "resource-1.yaml"]


@pytest.mark.parametrize(
    ("config", "hooks"),
    [({"disableHooks": True}, []), ({"skipTests": True}, ["hook.yaml"]), ({}, ["check.yaml", "hook.yaml"])],
)
def test_leaves_out_hooks_on_request(render, config, hooks):
    bench = render(**config)

    assert sorted(set(os.listdir(bench.workdir / "out/web/templates")) - {"settings.yaml"}) == hooks


def test_later_values_win_and_set_values_last(chart, render):
    chart.write("a.yaml", "size: from-a\n")
    chart.write("b,c.yaml", "size: from-b\n")

    files = {"valuesFiles": ["a.yaml", "missing.yaml", "b,c.yaml"], "ignoreMissingValueFiles": True}
    assert 'size: "from-b"' in render("x.yaml", **files).read("x.yaml")
    typed = [{"key": "size", "value": "{1,2}"}]
    assert 'size: "[1 2]"' in render("x.yaml", setValues=typed, **files).read("x.yaml")
    literal = [{"key": "size", "value": "{1,2}", "literal": True}]
    assert 'size: "{1,2}"' in render("x.yaml", setValues=literal).read("x.yaml")
    assert ("info", "There is no missing.yaml; going on without it") in chart.lines


def test_renders_for_a_namespace_and_a_kubernetes(render):
    text = render("x.yaml", namespace="elsewhere", kubeVersion="1.29.0", apiVersions=["acme/v1"]).read("x.yaml")

    assert "namespace: elsewhere" in text
    assert "kube: v1.29.0" in text
    assert 'has: "true"' in text


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"valuesFiles": ["nope.yaml"]}, 'The file of values "nope.yaml" does not exist'),
        ({"path": "nope"}, 'There is no chart at "nope"'),
        ({"releaseName": "Not_Valid"}, "invalid release name"),
        ({"releaseName": "--post-renderer=/bin/sh"}, "invalid release name"),
        ({"kubeVersion": "x"}, "invalid kube version"),
        ({"setValues": [{"key": "a[", "value": "b"}]}, "failed parsing --set"),
    ],
)
def test_what_cannot_be_rendered_is_an_error_that_counts(chart, config, message):
    with pytest.raises(StepErrored, match=message) as caught:
        chart.run("helm-template", {"path": "chart", "outPath": "out", "releaseName": "r", **config})

    assert not caught.value.permanent
    assert not (chart.workdir / "out").exists()


def test_a_dependency_that_was_not_fetched_is_an_error(chart):
    chart.write(
        "chart/Chart.yaml",
        "apiVersion: v2\nname: web\nversion: 0.1.0\n"
        "dependencies: [{name: db, version: 1.0.0, repository: https://charts.example.com}]\n",
    )

    with pytest.raises(StepErrored, match=r"missing in charts/ directory: db"):
        chart.run("helm-template", {"path": "chart", "outPath": "out", "releaseName": "r"})


def test_builds_dependencies_that_are_in_the_work_tree(chart, render):
    chart.write("db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n")
    chart.write("db/templates/a.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\n")
    chart.write(
        "chart/Chart.yaml",
        "apiVersion: v2\nname: web\nversion: 0.1.0\n"
        "dependencies: [{name: db, version: 1.0.0, repository: 'file://../db'}]\n",
    )

    found = render(buildDependencies=True, disableHooks=True).files()

    assert "out/web/charts/db/templates/a.yaml" in found
    assert "chart/charts/db-1.0.0.tgz" in found


@pytest.mark.parametrize("link", ["chart/templates/passwd.yaml", "chart/files"])
def test_a_chart_that_links_to_the_outside_is_not_rendered(chart, link):
    (chart.workdir / link).symlink_to("/etc" if link.endswith("files") else "/etc/passwd")

    with pytest.raises(StepErrored, match=r'The chart "chart" is not rendered: .* leads outside'):
        chart.run("helm-template", {"path": "chart", "outPath": "out", "releaseName": "r"})


@pytest.mark.skipif(not confinement.is_available(), reason="this kernel has no Landlock")
def test_a_schema_does_not_read_files_of_the_machine(chart):
    (chart.workdir.parent / "secret").write_text('{"title": "s3cret"}')
    chart.write("chart/values.schema.json", f'{{"$ref": "file://{chart.workdir.parent}/secret"}}')

    with pytest.raises(StepErrored, match="permission denied"):
        chart.run("helm-template", {"path": "chart", "outPath": "out", "releaseName": "r"})


def test_a_missing_program_names_the_setting_and_the_remedy(chart):
    chart.tools = replace(chart.tools, helm="/nowhere/helm")

    with pytest.raises(ProgramMissing, match=r"KARGOWEB_HELM names .*Install helm") as caught:
        chart.run("helm-template", {"path": "chart", "outPath": "out", "releaseName": "r"})

    assert caught.value.permanent


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"releaseName": ""}, "releaseName: must not be empty"),
        ({"outLayout": "tree"}, "outLayout: must be one of"),
        ({"valuesFiles": [""]}, r"valuesFiles\[0\]: must not be empty"),
        ({"setValues": [{"key": "a"}]}, r"setValues\[0\].value: is required"),
        ({"setValues": [{"key": "a", "value": 1}]}, r"setValues\[0\].value: must be a string"),
        ({"apiVersions": [""]}, r"apiVersions\[0\]: must not be empty"),
        ({"includeCrds": True}, "unknown field"),
        ({"namespace": None}, "namespace: must be a string"),
    ],
)
def test_refuses_a_config_that_breaks_the_rules(bench, config, message):
    with pytest.raises(StepFailed, match=f"invalid helm-template config: .*{message}"):
        bench.run("helm-template", {"path": "chart", "outPath": "out", "releaseName": "r", **config})
