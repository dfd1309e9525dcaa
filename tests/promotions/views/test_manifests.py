"""Manifests of a project: preview, apply, export."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from freight.models import Warehouse
from projects.models import AuditEntry, Project, ProjectConfig
from promotions.changesets import SourceText, apply_changes, plan_changes
from tests.cast import Cast, browser_of
from tests.factories import actor_for, make_member, make_user

PAGE = "/p/shop/manifests/"
PREVIEW = f"{PAGE}preview/"
APPLY = f"{PAGE}apply/"
EXPORT = f"{PAGE}export/"
WAREHOUSE = """\
apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata:
  name: main
  namespace: shop
spec:
  subscriptions:
  - image:
      repoURL: ghcr.io/example/app
"""
CONFIG = (
    "apiVersion: kargo.akuity.io/v1alpha1\nkind: ProjectConfig\nmetadata: {name: shop, namespace: shop}\nspec: {}\n"
)


def preview(browser: Client, text: str, address: str = PREVIEW) -> str:
    """Look at what a text would change; the digest that the page carries."""
    answer = browser.post(address, {"text": text})
    assert answer.status_code == 200
    return answer.context["form"]["digest"].value()


def apply(browser: Client, text: str, digest: str) -> int:
    return browser.post(APPLY, {"text": text, "digest": digest}).status_code


def test_a_preview_shows_every_object_and_writes_nothing(cast: Cast) -> None:
    answer = browser_of(cast.alice).post(PREVIEW, {"text": WAREHOUSE.replace("\n", "\r\n")})

    (change,) = answer.context["preview"].changes
    assert (change.kind, change.name, change.action) == ("Warehouse", "main", "created")
    assert "repoURL: ghcr.io/example/app" in answer.content.decode()
    assert not Warehouse.objects.exists()


def test_applying_what_was_previewed_writes_it_as_the_person_who_did(cast: Cast) -> None:
    browser = browser_of(cast.alice)

    answer = browser.post(APPLY, {"text": WAREHOUSE, "digest": preview(browser, WAREHOUSE)}, follow=True)

    assert answer.redirect_chain == [(PAGE, 302)]
    assert "Applied: 1 object created or updated." in answer.content.decode()
    assert Warehouse.objects.get().project == cast.project
    assert AuditEntry.objects.get().actor == cast.alice


def test_an_update_shows_the_lines_that_differ(cast: Cast) -> None:
    browser = browser_of(cast.alice)
    apply(browser, WAREHOUSE, preview(browser, WAREHOUSE))

    answer = browser.post(PREVIEW, {"text": WAREHOUSE.replace("example/app", "example/web")})

    (change,) = answer.context["preview"].changes
    changed = [(line.sign, line.text.strip()) for line in change.lines if line.sign in "+-"]
    assert changed == [("-", "repoURL: ghcr.io/example/app"), ("+", "repoURL: ghcr.io/example/web")]
    (old,) = [line for line in change.lines if line.sign == "-"]
    assert old.old is not None
    assert old.new is None


def test_the_same_again_leaves_nothing_to_apply(cast: Cast) -> None:
    browser = browser_of(cast.alice)
    apply(browser, WAREHOUSE, preview(browser, WAREHOUSE))

    page = browser.post(PREVIEW, {"text": WAREHOUSE}).content.decode()

    assert "everything is stored like this already" in page
    assert f'formaction="{APPLY}"' not in page


def test_a_text_changed_after_the_preview_is_shown_again_instead_of_applied(cast: Cast) -> None:
    browser = browser_of(cast.alice)
    other = WAREHOUSE.replace("example/app", "example/web")

    answer = browser.post(APPLY, {"text": other, "digest": preview(browser, WAREHOUSE)})

    assert answer.status_code == 409
    assert "What would happen is not what you saw" in answer.content.decode()
    assert not Warehouse.objects.exists()
    assert apply(browser, other, answer.context["form"]["digest"].value()) == 302


def test_a_project_changed_after_the_preview_is_shown_again_instead_of_applied(cast: Cast) -> None:
    browser = browser_of(cast.alice)
    digest = preview(browser, WAREHOUSE)
    first = plan_changes([SourceText("theirs", WAREHOUSE.replace("example/app", "example/theirs"))])
    apply_changes(actor_for(cast.bob), first, now=timezone.now())

    assert apply(browser, WAREHOUSE, digest) == 409

    assert Warehouse.objects.get().spec["subscriptions"][0]["image"]["repoURL"] == "ghcr.io/example/theirs"


def test_problems_stand_at_their_line_with_a_hint(cast: Cast) -> None:
    wrong = WAREHOUSE.replace("subscriptions", "subscription")

    answer = browser_of(cast.alice).post(PREVIEW, {"text": wrong})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Line 7, column 3: Unknown field &quot;subscription&quot;" in page
    assert "Did you mean &quot;subscriptions&quot;?" in page
    assert [line.number for line in answer.context["preview"].excerpts[0]] == [4, 5, 6, 7, 8, 9, 10]
    assert f'formaction="{APPLY}"' not in page
    assert browser_of(cast.alice).post(APPLY, {"text": wrong}).status_code == 422
    assert not Warehouse.objects.exists()


def test_an_uploaded_file_takes_the_place_of_the_text(cast: Cast) -> None:
    upload = SimpleUploadedFile("warehouse.yaml", WAREHOUSE.encode())

    answer = browser_of(cast.alice).post(PREVIEW, {"text": "ignored", "file": upload})

    assert [change.name for change in answer.context["preview"].changes] == ["main"]
    assert answer.context["form"]["text"].value() == WAREHOUSE


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"text": " \n"}, "There is nothing to apply."),
        ({"file": SimpleUploadedFile("x.yaml", b"\xff\xfe\x00")}, "x.yaml is not UTF-8 text."),
    ],
    ids=["nothing", "binary file"],
)
def test_refuses_what_is_no_text(cast: Cast, data: dict[str, object], words: str) -> None:
    answer = browser_of(cast.alice).post(PREVIEW, data)

    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_other_projects_and_shared_objects_cannot_be_touched_from_here(cast: Cast) -> None:
    page = browser_of(cast.alice).post(PREVIEW, {"text": WAREHOUSE.replace("namespace: shop", "namespace: other")})

    assert page.status_code == 422
    assert "belongs to project &quot;other&quot;" in page.content.decode()


def test_the_right_depends_on_what_changes(cast: Cast) -> None:
    make_member(cast.project, cast.charlie, "maintainer")
    maintainer = browser_of(cast.charlie)

    assert apply(maintainer, WAREHOUSE, preview(maintainer, WAREHOUSE)) == 302
    refused = maintainer.post(PREVIEW, {"text": CONFIG})
    assert "may not change the settings of this project" in refused.content.decode()
    assert f'formaction="{APPLY}"' not in refused.content.decode()
    assert apply(maintainer, CONFIG, refused.context["form"]["digest"].value()) == 403
    assert not ProjectConfig.objects.exists()


def test_who_may_apply(cast: Cast) -> None:
    digest = preview(browser_of(cast.alice), WAREHOUSE)

    assert apply(browser_of(cast.bob), WAREHOUSE, digest) == 403
    assert apply(browser_of(cast.rita), WAREHOUSE, digest) == 403
    assert apply(browser_of(cast.charlie), WAREHOUSE, digest) == 404
    assert browser_of(cast.alice).get(APPLY).status_code == 405
    assert not Warehouse.objects.exists()
    assert apply(browser_of(cast.alice), WAREHOUSE, digest) == 302


def test_an_administrator_who_is_no_member_may_look_but_not_apply(cast: Cast) -> None:
    root = browser_of(make_user("root", is_superuser=True))

    assert root.get(PAGE).status_code == 200
    assert apply(root, WAREHOUSE, preview(browser_of(cast.alice), WAREHOUSE)) == 403


def test_who_may_not_edit_is_told_so_instead_of_having_texts_read(cast: Cast) -> None:
    for person in (cast.rita, cast.bob):
        answer = browser_of(person).post(PREVIEW, {"text": WAREHOUSE})
        assert answer.status_code == 403
        assert "may not edit warehouses, stages and tasks" in answer.content.decode()

    page = browser_of(cast.rita).get(PAGE).content.decode()
    assert "may not edit warehouses, stages and tasks" in page
    assert 'type="submit" disabled' in page


def test_who_may_preview_and_export(cast: Cast) -> None:
    assert browser_of(cast.charlie).post(PREVIEW, {"text": WAREHOUSE}).status_code == 404
    assert browser_of(cast.alice).get(PREVIEW).status_code == 405
    for address in (PAGE, EXPORT):
        assert browser_of(cast.charlie).get(address).status_code == 404
        assert browser_of(cast.rita).post(address).status_code == 405
        assert browser_of(cast.rita).get(address).status_code == 200


def test_the_export_applied_again_changes_nothing(cast: Cast) -> None:
    browser = browser_of(cast.alice)
    apply(browser, WAREHOUSE, preview(browser, WAREHOUSE))

    answer = browser.get(EXPORT)

    assert 'filename="shop.yaml"' in answer["Content-Disposition"]
    text = answer.content.decode()
    assert {document.split("kind: ")[1].split("\n")[0] for document in text.split("---\n")} >= {
        "Project",
        "Warehouse",
    }
    changes = plan_changes([SourceText("export", text)], scope="shop")
    assert changes.errors == ()
    assert changes.is_empty
    assert browser.get(f"{PAGE}?start=export").context["form"]["text"].value() == text
    assert Project.objects.count() == 1
