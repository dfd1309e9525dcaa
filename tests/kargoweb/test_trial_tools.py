"""What a trial of one step is given of programs and of freight aliases."""

import pytest

from kargoweb.env import BadSetting
from kargoweb.trial import run_trial
from kargoweb.trial_tools import read_tools
from promotions.steps.tools import Tools


def test_reads_the_settings_of_the_environment(monkeypatch):
    assert read_tools() == Tools()

    monkeypatch.setenv("KARGOWEB_HELM", "/opt/helm")
    monkeypatch.setenv("KARGOWEB_OCI_PUSH_MAX_BYTES", "-1")
    assert read_tools() == Tools(helm="/opt/helm", oci_push_max_bytes=-1)

    monkeypatch.setenv("KARGOWEB_OCI_PUSH_MAX_BYTES", "-2")
    with pytest.raises(BadSetting, match="KARGOWEB_OCI_PUSH_MAX_BYTES"):
        read_tools()


def test_renders_a_chart_with_values_of_the_freight(tmp_path):
    (tmp_path / "chart/templates").mkdir(parents=True)
    (tmp_path / "chart/Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 0.1.0\n")
    (tmp_path / "chart/templates/a.yaml").write_text(
        "kind: A\nnamespace: {{ .Release.Namespace }}\ntag: {{ .Values.tag }}\n"
    )
    value = {"key": "tag", "value": "${{ quote(vars.tag) }}", "literal": True}
    config = {"path": "chart", "outPath": "${{ ctx.stage }}.yaml", "releaseName": "r", "setValues": [value]}
    context = {"ctx": {"project": "shop", "stage": "uat"}, "vars": {"tag": "1.10"}}

    trial = run_trial("helm-template", config, tmp_path, context)

    assert (trial.status, trial.output) == ("Succeeded", None)
    assert "namespace: shop\ntag: 1.10\n" in (tmp_path / "uat.yaml").read_text()


@pytest.mark.parametrize(
    ("config", "status", "message"),
    [
        ({"name": "f1", "alias": "new"}, "Succeeded", 'updated alias of Freight "f1" from "fine-fox" to "new"'),
        ({"name": "f2", "alias": "fine-fox"}, "Failed", "belongs to freight f1"),
        ({"name": "f3", "alias": "new"}, "Failed", 'Freight "f3" does not exist'),
    ],
)
def test_renames_freight_of_the_context(tmp_path, config, status, message):
    context = {"freightAliases": {"f1": "fine-fox", "f2": "old-owl"}}

    trial = run_trial("set-freight-alias", config, tmp_path, context)

    assert trial.status == status
    assert message in trial.message
