"""`ioc camera simulate`: RTSP cameras from files, with faults."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ioc.camera_app import camera_app
from ioc.output import UserMistake, emit, err, out

if TYPE_CHECKING:
    import ssl

    from rtsp.simulator import Simulator


def register(app: typer.Typer) -> None:
    """Add `simulate` to the `camera` group."""
    camera_app.command("simulate")(simulate)


def simulate(
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE…", help="videos; each becomes a camera")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one")] = 8554,
    host: Annotated[str, typer.Option(help="the address to listen on")] = "127.0.0.1",
    copies: Annotated[int | None, typer.Option(min=1, max=999, help="cameras per file: STEM-001 …")] = None,
    fault: Annotated[
        list[str] | None, typer.Option(metavar="KIND[=VALUE][@CAMERA][:start_s[:for_s]]", help="break cameras")
    ] = None,
    faults: Annotated[bool, typer.Option("--faults", help="list the faults and leave")] = False,
    user: Annotated[str | None, typer.Option(help="ask receivers for this user (digest)")] = None,
    password_file: Annotated[Path | None, typer.Option(help="the file that holds the user's password")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="serve rtsps with this certificate (PEM)")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="the certificate's key (PEM)")] = None,
    packet_bytes: Annotated[
        int, typer.Option(min=500, max=65000, help="largest RTP payload over TCP; 1400 is what most cameras send")
    ] = 65000,
    as_json: Annotated[bool, typer.Option("--json", help="print the addresses as one JSON object")] = False,
) -> None:
    """Serve video files as RTSP cameras in a loop, without re-encoding, until Ctrl-C.

    Phát các tệp video như camera RTSP, lặp vô hạn, không mã hoá lại.
    """
    if faults:
        _list_faults(as_json)
        return
    if not files:
        raise UserMistake("which files shall be served? ioc camera simulate FILE… (or --faults for a list of faults)")
    for file in files:
        if not file.is_file():
            raise UserMistake(f"{file}: there is no such file")

    from rtsp.simulator import Simulator

    with _progress() as tell:
        try:
            simulator = Simulator(
                files,
                host=host,
                port=port,
                copies=copies,
                faults=fault or [],
                credentials=_credentials(user, password_file),
                tls=_tls(tls_cert, tls_key),
                tcp_payload_bytes=packet_bytes,
                on_progress=tell,
            ).start()
        except ValueError as error:
            raise UserMistake(str(error)) from error
        except OSError as error:
            raise UserMistake(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    try:
        _say(simulator, as_json)
        _wait()
    finally:
        simulator.stop()


def _say(simulator: Simulator, as_json: bool) -> None:
    if as_json:
        emit({"port": simulator.port, "cameras": simulator.urls}, True, lambda result: None)
        return
    for url in simulator.urls.values():
        out.print(url, markup=False, soft_wrap=True)
    err.print("Ctrl-C ends it / Ctrl-C để dừng", style="dim")


def _wait() -> None:
    """Return when somebody asks for the end, by Ctrl-C or by SIGTERM."""
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    asked.wait()


def _credentials(user: str | None, password_file: Path | None) -> tuple[str, str] | None:
    if user is None and password_file is None:
        return None
    if user is None or password_file is None:
        raise UserMistake("--user and --password-file belong together")
    try:
        password = password_file.read_text(encoding="utf-8").strip("\r\n")
    except OSError as error:
        raise UserMistake(f"{password_file}: cannot be read: {error.strerror or error}") from error
    if not password:
        raise UserMistake(f"{password_file}: holds no password")
    return user, password


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise UserMistake("--tls-cert and --tls-key belong together")
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise UserMistake(f"{certificate}: not a certificate with its key: {error}") from error
    return context


class _Tell:
    """Shows how much of each file is transcoded."""

    def __init__(self) -> None:
        from rich.progress import Progress

        self.bars = Progress(console=err, transient=True)
        self._tasks: dict[str, int] = {}

    def __call__(self, name: str, share: float) -> None:
        if name not in self._tasks:
            self._tasks[name] = self.bars.add_task(f"{name} → H.264", total=1.0)
        self.bars.update(self._tasks[name], completed=share)  # type: ignore[arg-type]  # rich's TaskID is an int


@contextlib.contextmanager
def _progress() -> Iterator[_Tell]:
    tell = _Tell()
    with tell.bars:
        yield tell


def _list_faults(as_json: bool) -> None:
    from rtsp.simulator.faults import HELP

    rows = [
        {
            "fault": fault.value,
            "value": text.value and f"{text.value[0]} ({text.value[1]:g})",
            "en": text.en,
            "vi": text.vi,
        }
        for fault, text in HELP.items()
    ]
    emit({"faults": rows}, as_json, lambda _: _print_table(rows))


def _print_table(rows: list[dict[str, str | None]]) -> None:
    from rich.table import Table

    table = Table("fault", "value", "what happens", "điều xảy ra")
    for row in rows:
        table.add_row(row["fault"], row["value"] or "", row["en"], row["vi"])
    out.print(table)
