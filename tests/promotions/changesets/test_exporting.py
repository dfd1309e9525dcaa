import pytest
from django.utils import timezone

from projects.actors import OPERATOR
from projects.documents import SourceText, read_documents
from projects.models import Project
from promotions.changesets import apply_changes, export_project, lint_texts, plan_changes
from promotions.changesets.rendering import render_yaml
from promotions.models import Stage
from tests.factories import make_freight, make_project, make_stage, make_warehouse

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(bakery):
    apply_changes(OPERATOR, plan_changes([bakery]), now=timezone.now())
    return Project.objects.get(name="bakery")


def test_an_export_applied_changes_nothing(project):
    files = export_project(project)

    assert [name for name, _ in files] == [
        "project.yaml",
        "warehouses.yaml",
        "tasks.yaml",
        "analysis-templates.yaml",
        "stages.yaml",
    ]
    change_set = plan_changes([SourceText(name, text) for name, text in files])
    assert change_set.errors == ()
    assert len(change_set.changes) == 12
    assert change_set.is_empty


def test_comments_of_the_author_are_kept(project):
    files = dict(export_project(project))

    assert "# Freight only passes through: there are no steps.\n" in files["stages.yaml"]
    assert "  # Sources to ./src, the rendered branch of the stage to ./out.\n" in files["tasks.yaml"]


def test_an_object_changed_elsewhere_is_rendered_from_its_row(project):
    stage = Stage.objects.get(name="kitchen")
    stage.spec["vars"] = [{"name": "note", "value": "two\nlines"}]
    stage.save()

    files = export_project(project)

    assert "  - name: note\n    value: |-\n      two\n      lines\n" in dict(files)["stages.yaml"]
    assert plan_changes([SourceText(name, text) for name, text in files]).is_empty


def test_a_project_without_sources_can_be_exported():
    project = make_project()
    warehouse = make_warehouse(
        project, subscriptions=[{"name": "app", "image": {"repoURL": "x/y", "constraint": "^1"}}]
    )
    make_freight(warehouse)
    dev = make_stage(project, "dev", warehouse=warehouse)
    make_stage(project, "prod", upstream=dev, sources={"requiredSoakTime": "1h"})

    files = export_project(project)

    assert lint_texts([SourceText(name, text) for name, text in files]).errors == ()
    assert plan_changes([SourceText(name, text) for name, text in files]).is_empty
    assert "Freight\n" not in "".join(text for _, text in files)


def test_the_order_is_the_same_every_time(project):
    assert export_project(project) == export_project(Project.objects.get(name="bakery"))
    names = [
        line for line in dict(export_project(project))["stages.yaml"].splitlines() if line.startswith("metadata: {")
    ]
    assert names == sorted(names)


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "012",
        "0x1f",
        "1e3",
        "12:30:45",
        "2025-01-31",
        "null",
        "~",
        "",
        " padded ",
        "two\nlines",
        "ends\n",
        "ends twice\n\n",
        "\nstarts",
        "  indented\nlines\n",
        "trailing  \nblanks\n",
        "tab\there\nand\n",
        "carriage\r\nreturn",
        "# no comment",
        "a: b",
        "- item",
        "${{ vars.x }}",
        "{{args.x}}",
        "long " * 60,
        "emoji 🥐 and ünïcode",
        "quote ' and \" both",
        "bell \x07",
        "nel\x85 sep\u2028",
    ],
)
def test_every_text_survives_rendering_and_reading(text):
    (document,), problems = read_documents(SourceText("f", render_yaml({"a": text, "b": [{text: text}]})))

    assert problems == []
    assert document.content == {"a": text, "b": [{text: text}]}
