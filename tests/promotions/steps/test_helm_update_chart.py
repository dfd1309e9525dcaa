import base64
import os
import subprocess

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import Unauthorized, Unreachable
from integrations.helm.program import find_helm
from integrations.http import BlockedAddress, HttpClient, HttpPolicy
from promotions.steps.base import Done, StepErrored, StepFailed
from tests.servers.charts import pack_chart, serve_charts
from tests.servers.docker_registry import ALICE, DockerRegistry
from tests.servers.http_recorder import HttpRecorder


@pytest.fixture(scope="module")
def charts():
    """A static chart repository at /stable with db 1.0.0, 1.1.0 and cache 2.0.0."""
    server = HttpRecorder()
    serve_charts(server, "/stable", [("db", "1.0.0"), ("db", "1.1.0"), ("cache", "2.0.0")])
    yield server
    server.close()


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A registry with the chart charts/db 3.0.0 and 3.1.0, pushed by helm."""
    root = tmp_path_factory.mktemp("registry")
    with DockerRegistry(root) as running:
        login = base64.b64encode(f"{ALICE.username}:{ALICE.password}".encode()).decode()
        (root / "login.json").write_text(f'{{"auths": {{"{running.host}": {{"auth": "{login}"}}}}}}')
        for version in ("3.0.0", "3.1.0"):
            archive = root / f"db-{version}.tgz"
            archive.write_bytes(pack_chart("db", version))
            push = [find_helm("").path, "push", archive, f"oci://{running.host}/charts", "--plain-http"]
            subprocess.run(
                [*push, "--registry-config", root / "login.json"],
                check=True,
                capture_output=True,
                env={"HOME": "/tmp"},
            )
        yield running


def write_chart(bench, *dependencies):
    rows = "".join(
        f"- name: {name}\n  version: {version!r}\n  repository: {repository}\n"
        for name, version, repository in dependencies
    )
    bench.write("web/Chart.yaml", f"apiVersion: v2\nname: web\nversion: 0.1.0\ndependencies:  # all of them\n{rows}")


def test_sets_versions_and_fetches_them(bench, charts):
    stable = f"{charts.url}/stable"
    write_chart(bench, ("db", "1.0.0", stable), ("cache", "^2", stable))

    result = bench.run(
        "helm-update-chart",
        {"path": "web", "charts": [{"repository": stable, "name": "db", "version": "1.1.0"}]},
    )

    message = "Updated chart dependencies for web\n\n- cache: 2.0.0\n- db: 1.1.0"
    assert result == Done({"commitMessage": message})
    assert "dependencies:  # all of them\n- name: db\n  version: '1.1.0'\n" in bench.read("web/Chart.yaml")
    assert sorted(os.listdir(bench.workdir / "web/charts")) == ["cache-2.0.0.tgz", "db-1.1.0.tgz"]


def test_tells_old_and_new_versions_and_leaves_an_unchanged_lock_alone(bench, charts):
    stable = f"{charts.url}/stable"
    write_chart(bench, ("db", "1.0.0", stable), ("cache", "2.0.0", stable))
    bench.run("helm-update-chart", {"path": "web"})
    lock = bench.read("web/Chart.lock")

    assert bench.run("helm-update-chart", {"path": "web"}) == Done()
    assert bench.read("web/Chart.lock") == lock

    write_chart(bench, ("db", ">=1.0.0", stable))
    result = bench.run("helm-update-chart", {"path": "web"})
    lines = result.output["commitMessage"].splitlines()
    assert lines[2:] == ["- cache: removed", "- db: 1.0.0 -> 1.1.0"]
    assert bench.run("helm-update-chart", {"path": "web"}) == Done()


def test_signs_in_at_a_repository_without_showing_the_password(bench, charts):
    stable = f"{charts.url}/stable"
    bench.credentials.by_url[stable] = BasicAuth("alice", "pass-for-charts")
    write_chart(bench, ("db", "1.0.0", stable))
    charts.seen.clear()

    bench.run("helm-update-chart", {"path": "web"})

    expected = "Basic " + base64.b64encode(b"alice:pass-for-charts").decode()
    assert {seen[2]["Authorization"] for seen in charts.seen} == {expected}
    assert "pass-for-charts" not in str(bench.lines)
    left = [path.read_text(errors="replace") for path in bench.workdir.rglob("*") if path.is_file()]
    assert not any("pass-for-charts" in text for text in left)


def test_updates_from_a_registry(bench, registry):
    repository = f"oci://{registry.host}/charts"
    bench.credentials.by_url[f"{repository}/db"] = ALICE
    write_chart(bench, ("db", "3.0.0", repository))

    result = bench.run(
        "helm-update-chart",
        {"path": "web", "charts": [{"repository": repository, "name": "db", "version": "3.1.0"}]},
    )

    assert result.output["commitMessage"].endswith("\n- db: 3.1.0")
    assert os.listdir(bench.workdir / "web/charts") == ["db-3.1.0.tgz"]
    assert ALICE.password not in str(bench.lines)


def test_a_registry_that_refuses_us_is_unauthorized(bench, registry):
    write_chart(bench, ("db", "3.0.0", f"oci://{registry.host}/charts"))

    with pytest.raises(Unauthorized, match="credentials of type helm"):
        bench.run("helm-update-chart", {"path": "web"})


def test_local_dependencies_are_packed(bench):
    bench.write("db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 0.0.1\n")
    write_chart(bench, ("db", "0.0.1", "file://../db"))

    bench.run("helm-update-chart", {"path": "web"})

    assert os.listdir(bench.workdir / "web/charts") == ["db-0.0.1.tgz"]


@pytest.mark.parametrize(
    ("repository", "message"),
    [
        ("file:///etc", "must be a relative path"),
        ("file://../../outside", "outside the work tree"),
        ("file://../linked", "outside the work tree"),
        ("file://../nope", "does not exist"),
    ],
)
def test_local_dependencies_stay_in_the_work_tree(bench, repository, message):
    (bench.workdir.parent / "outside").mkdir()
    (bench.workdir / "linked").symlink_to("../outside")
    write_chart(bench, ("db", "0.0.1", repository))

    with pytest.raises(StepErrored, match=message):
        bench.run("helm-update-chart", {"path": "web"})


def test_a_lock_that_is_a_link_is_not_written_through(bench):
    write_chart(bench)
    (bench.workdir / "web/Chart.lock").symlink_to("../elsewhere")

    with pytest.raises(StepErrored, match="symbolic link"):
        bench.run("helm-update-chart", {"path": "web"})


def test_an_update_must_fit_a_dependency_by_name_and_repository(bench, charts):
    stable = f"{charts.url}/stable"
    write_chart(bench, ("db", "1.0.0", stable))

    with pytest.raises(
        StepErrored, match=r"no dependency in Chart.yaml matches update with repository .*there are db"
    ):
        bench.run(
            "helm-update-chart",
            {"path": "web", "charts": [{"repository": f"{stable}/", "name": "db", "version": "1.1.0"}]},
        )


def test_a_version_that_does_not_exist_is_an_error_that_counts(bench, charts):
    write_chart(bench, ("db", "9.9.9", f"{charts.url}/stable"))

    with pytest.raises(StepErrored, match=r"can't get a valid version") as caught:
        bench.run("helm-update-chart", {"path": "web"})

    assert not caught.value.permanent


def test_a_repository_that_is_away_is_unreachable(bench):
    write_chart(bench, ("db", "1.0.0", "http://127.0.0.1:1/stable"))

    with pytest.raises(Unreachable):
        bench.run("helm-update-chart", {"path": "web"})


def test_addresses_out_of_bounds_are_not_asked(bench, charts):
    write_chart(bench, ("db", "1.0.0", f"{charts.url}/stable"))
    charts.seen.clear()
    with HttpClient(HttpPolicy(), "test") as strict:
        bench.http = strict
        with pytest.raises(BlockedAddress):
            bench.run("helm-update-chart", {"path": "web"})

    assert charts.seen == []


@pytest.mark.parametrize("path", ["nope", "empty"])
def test_a_directory_without_a_chart_is_an_error(bench, path):
    (bench.workdir / "empty").mkdir()

    with pytest.raises(StepErrored, match=f'There is no chart at "{path}"'):
        bench.run("helm-update-chart", {"path": path})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "path: is required"),
        ({"path": "p", "charts": []}, "charts: must have at least 1 item"),
        ({"path": "p", "charts": None}, "charts: must be a list"),
        ({"path": "p", "charts": [{"repository": "r", "name": "n"}]}, r"charts\[0\].version: is required"),
        ({"path": "p", "charts": [{"repository": "r", "name": "n", "version": 1.1}]}, "must be a string"),
    ],
)
def test_refuses_a_config_that_breaks_the_rules(bench, config, message):
    with pytest.raises(StepFailed, match=f"invalid helm-update-chart config: .*{message}"):
        bench.run("helm-update-chart", config)
