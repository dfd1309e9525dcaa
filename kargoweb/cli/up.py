"""`kargoweb up`: web, worker and scheduler as children of one process; the embedded default."""

import os
from pathlib import Path

import click

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@click.command("up")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port of the web pages.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where data is kept.  [default: ./var]")
@click.option("--concurrency", type=click.IntRange(1, 64), help="Promotions worked on at once.  [default: 4]")
@click.option("--demo", is_flag=True, help="With a demo project, fed by real repositories on this machine.")
def command(host: str, port: int, data_dir: Path | None, concurrency: int | None, demo: bool) -> None:
    """Start everything on this machine; Ctrl-C stops it."""
    if data_dir is not None:
        os.environ["KARGOWEB_DATA_DIR"] = str(data_dir.resolve())
    if concurrency is not None:
        os.environ["KARGOWEB_CONCURRENCY"] = str(concurrency)
    if demo:
        from kargoweb.demo.environment import prepare_environment

        if host not in _LOOPBACK:
            text = f"everybody who reaches {host} can sign in: names and password of the demo are public."
            click.echo(f"Warning: {text} Without --host only this machine can.", err=True)
        prepare_environment(port=port)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kargoweb.settings")
    from kargoweb.supervisor import supervise

    raise SystemExit(supervise(host=host, port=port, demo=demo))
