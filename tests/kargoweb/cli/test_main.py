import subprocess
import sys
from time import perf_counter

import click
import pytest
from click.testing import CliRunner

from kargoweb.cli.main import _COMMANDS, main


def test_help_lists_every_command():
    result = CliRunner().invoke(main, ["--help"])

    assert result.exit_code == 0
    for name, (_, text) in _COMMANDS.items():
        assert name in result.output
        assert text.split()[0] in result.output


@pytest.mark.parametrize("name", sorted(_COMMANDS))
def test_every_command_of_the_table_can_be_imported(name):
    command = main.get_command(click.Context(main), name)

    assert isinstance(command, click.Command)
    assert command.name == name


def test_an_unknown_command_is_an_error():
    result = CliRunner().invoke(main, ["aply"])

    assert result.exit_code == 2
    assert "aply" in result.output


def test_help_starts_fast_because_nothing_heavy_is_imported():
    program = (
        "import sys; from kargoweb.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'django', 'pydantic', 'celery', 'ruamel.yaml', 'git'} & set(sys.modules)\n"
        "sys.exit(str(sorted(heavy)) if heavy else 0)"
    )
    started = perf_counter()

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stderr) == (0, "")
    # The budget is 0.3 s on a quiet machine; what is imported is the fact that keeps it.
    assert perf_counter() - started < 3
