"""`kargoweb`: the commands by name; a command's module is imported when it runs, so --help answers at once."""

from importlib import import_module

import click

# name: (module with a click command called `command`, one line of help)
_COMMANDS = {
    "apply": ("kargoweb.cli.apply", "Create or update what manifests describe, all or nothing."),
    "doctor": ("kargoweb.cli.doctor", "Test everything that promotions need."),
    "export": ("kargoweb.cli.export", "Write a project as files that apply reads."),
    "expr": ("kargoweb.cli.expr", "Evaluate an expression or a template."),
    "lint": ("kargoweb.cli.lint", "Check manifests without a server."),
    "preview": ("kargoweb.cli.preview", "Show what a promotion would do, and change nothing."),
    "rotate-key": ("kargoweb.cli.rotate_key", "Seal stored secrets again with the newest key."),
    "step": ("kargoweb.cli.step", "List promotion steps, show their schema, run one."),
    "up": ("kargoweb.cli.up", "Run web, worker and scheduler on this machine."),
    "user": ("kargoweb.cli.user", "Make accounts and set passwords."),
    "webhooks": ("kargoweb.cli.webhooks", "Print webhook receivers and their secret addresses."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(_COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, help_text) in sorted(_COMMANDS.items())])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kargoweb")
def main() -> None:
    """Promote freight from stage to stage."""


if __name__ == "__main__":
    main()
