"""`ioc broker`: the embedded MQTT broker."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from ioc.output import err


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The embedded MQTT broker, for a demo or a single box.", no_args_is_help=True)
    group.command("run")(run)
    app.add_typer(group, name="broker")


def run(
    port: Annotated[int, typer.Option(min=1, max=65535, help="port for MQTT 5")] = 1883,
    host: Annotated[
        str, typer.Option(help="address to listen on; beyond this machine only with passwords")
    ] = "127.0.0.1",
    port_311: Annotated[int | None, typer.Option(min=1, max=65535, help="second port, for MQTT 3.1.1")] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="file of name:password lines; without, all may enter")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="say that it is ready as one JSON object")] = False,
) -> None:
    """Run the embedded broker until Ctrl-C or SIGTERM."""
    from mqtt.broker import BrokerOptions, read_users, serve

    users = read_users(password_file) if password_file else ()
    options = BrokerOptions(host=host, port=port, port_311=port_311, users=users)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serve(options, stop, on_ready=lambda: _tell(options.url, as_json))


def _tell(url: str, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"url": url, "ready": True}))
    else:
        err.print(f"broker ready at {url} (MQTT 5); Ctrl-C stops it")
