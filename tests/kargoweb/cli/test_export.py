import pytest
from click.testing import CliRunner

from kargoweb.cli.main import main
from tests.factories import make_project, make_stage, make_warehouse

pytestmark = pytest.mark.django_db


def run(*arguments, stdin=None):
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)


def test_an_export_can_be_applied_again(tmp_path):
    project = make_project()
    make_stage(project, "uat", warehouse=make_warehouse(project))

    exported = run("export", "shop", "-o", tmp_path / "out")
    applied = run("apply", "-f", tmp_path / "out")

    assert exported.exit_code == 0
    assert exported.stdout.splitlines() == [
        str(tmp_path / "out" / name) for name in ("project.yaml", "warehouses.yaml", "stages.yaml")
    ]
    assert sorted(applied.stdout.splitlines()) == [
        "project/shop unchanged",
        "stage/shop/uat unchanged",
        "warehouse/shop/main unchanged",
    ]


def test_without_a_directory_the_text_is_one_stream():
    make_warehouse(make_project())

    text = run("export", "shop").stdout

    assert run("apply", "-f", "-", stdin=text).stdout == "project/shop unchanged\nwarehouse/shop/main unchanged\n"


def test_an_unknown_project_is_named_with_those_there_are():
    make_project("shop")

    result = run("export", "shp")

    assert result.exit_code == 1
    assert 'There is no project "shp". Projects: shop.' in result.stderr
