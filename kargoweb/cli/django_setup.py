"""Makes Django ready for a command that needs the database; the others start faster without."""

import os

import click


def set_up_django() -> None:
    """Load settings and models, and make sure that the tables are there. Raises ClickException with the way out."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kargoweb.settings")
    import django

    from kargoweb.env import BadSetting

    try:
        django.setup()
    except BadSetting as error:
        raise click.ClickException(str(error)) from error
    _check_tables()


def _check_tables() -> None:
    from django.db import OperationalError, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        raise click.ClickException(f"The database cannot be reached: {error}. Check DATABASE_URL.") from error
    if missing:
        raise click.ClickException(
            "The database is not up to date. Start `kargoweb up` once, or run: python manage.py migrate"
        )
