"""`kargoweb user`: make an account or set its password."""

import click

from kargoweb.cli.django_setup import set_up_django


@click.command("user")
@click.argument("name")
@click.option("--email", default="", help="For messages and commits.")
@click.option("--admin", is_flag=True, help="May see the system pages and make projects.")
@click.password_option(help="Asked for when not given.")
def command(name: str, email: str, admin: bool, password: str) -> None:
    """Make the account NAME, or give it a new password."""
    set_up_django()
    from django.contrib.auth.models import User
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    from projects import audit
    from projects.actors import OPERATOR

    user = User.objects.filter(username=name).first() or User(username=name)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise click.BadParameter(" ".join(error.messages), param_hint="--password") from error
    is_new = user.pk is None
    user.set_password(password)
    user.email = email or user.email
    if admin:
        user.is_superuser = True
    user.save()
    audit.record(OPERATOR, "created" if is_new else "updated", project=None, target_kind="account", target_name=name)
    click.echo(f"account/{name} {'created' if is_new else 'updated'}")
