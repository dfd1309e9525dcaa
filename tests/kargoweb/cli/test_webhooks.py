"""`kargoweb webhooks`: the addresses of receivers."""

import pytest
from click.testing import CliRunner

from kargoweb.cli.main import main
from tests.factories import make_project
from tests.freight.receivers.setup import configure, make_receiver, receiver

pytestmark = pytest.mark.django_db


def run(*arguments: str):
    return CliRunner().invoke(main, ["webhooks", *arguments])


def test_prints_the_receivers_of_a_project_with_the_address_of_the_site(settings):
    settings.BASE_URL = "https://kargo.example.com"
    path = make_receiver(make_project("shop"), "github")

    assert run("shop").output == f"github\tgithub\thttps://kargo.example.com{path}\n"


def test_prints_those_of_the_site():
    path = make_receiver(None, "quay")

    assert run().output == f"quay\tquay\t{path}\n"


def test_a_receiver_without_a_secret_says_so():
    project = make_project("shop")
    configure(project, receiver("github", "hook"))

    assert run("shop").output.startswith(
        'hook\tgithub\tno address: There is no secret "hook-secret" in this project.'
    )


def test_an_unknown_project_is_named_with_those_there_are():
    make_project("shop")

    result = run("shp")

    assert result.exit_code == 1
    assert 'There is no project "shp". Projects: shop.' in result.output
