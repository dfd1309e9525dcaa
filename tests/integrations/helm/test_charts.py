import pytest

from integrations.errors import IntegrationError
from integrations.helm.charts import Dependency, compare_versions, read_dependencies


def test_reads_dependencies_with_versions_as_they_are_written(tmp_path):
    file = tmp_path / "Chart.yaml"
    file.write_text(
        "name: web\ndependencies:\n- {name: db, version: 1.10, repository: 'https://c'}\n- {name: local}\n"
    )

    assert read_dependencies(file) == [Dependency("db", "https://c", "1.10"), Dependency("local", "", "")]


@pytest.mark.parametrize("text", ["name: web\n", "dependencies:\n", "- 1\n", ""])
def test_a_chart_may_have_none(tmp_path, text):
    file = tmp_path / "Chart.yaml"
    file.write_text(text)

    assert read_dependencies(file) == []


@pytest.mark.parametrize("data", [b"a: [", b"\xff", b"x" * (1024 * 1024 + 1)])
def test_what_cannot_be_read_is_a_permanent_error(tmp_path, data):
    file = tmp_path / "Chart.lock"
    file.write_bytes(data)

    with pytest.raises(IntegrationError, match=r"Chart\.lock") as caught:
        read_dependencies(file)

    assert caught.value.permanent


def test_tells_what_changed_by_name():
    def rows(**versions):
        return [Dependency(name, "r", version) for name, version in versions.items()]

    before, after = rows(same="1", old="1", moved="1.0"), rows(moved="1.1", same="1", fresh="2")

    assert compare_versions(before, after) == {"fresh": "2", "moved": "1.0 -> 1.1", "old": "removed"}
    assert list(compare_versions(before, after)) == ["fresh", "moved", "old"]
    assert compare_versions(before, before) == {}
