"""`ioc camera probe` and `discover`: what a camera sends and what to change on it; which cameras there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import typer

from ioc.camera_app import camera_app
from ioc.output import UserMistake, emit, err, out


def register(app: typer.Typer) -> None:
    """Add the `camera` group with `probe` and `discover`."""
    camera_app.command("probe")(probe)
    camera_app.command("discover")(discover)
    app.add_typer(camera_app)


def probe(
    url: Annotated[str, typer.Argument(metavar="URL", help="rtsp://user:pass@host/path; rtsps, http, https, file")],
    transport: Annotated[str, typer.Option(help="how RTSP carries pictures: tcp or udp")] = "tcp",
    seconds: Annotated[float, typer.Option(min=1, max=120, help="watch at most so long")] = 8.0,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Watch a camera for a few seconds and say what it sends, and what to change for analytics.

    Xem thử camera vài giây: định dạng, kích thước, số hình/giây, đồng hồ, và những gì nên chỉnh.
    """
    from dataclasses import asdict

    from common.redact import redact
    from rtsp.advice import advise
    from rtsp.probe import probe as watch
    from rtsp.source import SourceSettings, source_catalog

    scheme = url.split(":", 1)[0]
    if ":" not in url or scheme not in source_catalog():
        known = ", ".join(f"{name}:" for name in sorted(source_catalog()))
        raise UserMistake(f"{redact(url)}: a camera's address starts with one of {known}")
    with err.status("watching the camera…"):
        seen = watch(url, SourceSettings(transport=_transport(transport)), watch_s=seconds)
    result = {**asdict(seen), "advice": [asdict(advice) for advice in advise(seen)]}
    emit(result, as_json, _show)
    if seen.failure is not None:
        raise typer.Exit(1)


def discover(
    seconds: Annotated[float, typer.Option(min=0.5, max=60, help="wait so long for answers")] = 3.0,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Find ONVIF cameras on the local network; a camera's own pages tell its RTSP address.

    Tìm camera ONVIF trong mạng nội bộ.
    """
    from dataclasses import asdict

    from rtsp.discovery import discover as ask

    try:
        with err.status("asking the network…"):
            found = ask(seconds)
    except OSError as error:
        raise UserMistake(f"this machine is on no network that can be asked: {error.strerror}") from error
    emit({"cameras": [asdict(camera) for camera in found]}, as_json, _show_found)


def _show_found(result: Mapping[str, Any]) -> None:
    from rich.table import Table

    table = Table("address", "name", "model", "ONVIF service", title=f"{len(result['cameras'])} cameras answered")
    for camera in result["cameras"]:
        table.add_row(camera["address"], camera["name"], camera["hardware"], camera["service"])
    out.print(table)


def _transport(name: str) -> Literal["tcp", "udp"]:
    if name not in {"tcp", "udp"}:
        raise UserMistake(f"--transport is tcp or udp, not {name!r}")
    return "udp" if name == "udp" else "tcp"


def _show(result: Mapping[str, Any]) -> None:
    from rich.table import Table

    table = Table(title=result["url"], show_header=False)
    for name, value in _rows(result):
        table.add_row(name, value)
    out.print(table)
    for advice in result["advice"]:
        out.print(f"• {advice['vi']}\n  {advice['en']}", markup=False)


def _rows(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    if result["failure"] is not None:
        return [("failure", f"{result['failure']}: {result['failure_text']}")]
    offset_ms, trip_ms, first_s = result["clock_offset_ms"], result["round_trip_ms"], result["first_picture_s"]
    return [
        ("codec", result["codec"] + (" with B-frames" if result["b_frames"] else "")),
        ("size", f"{result['width']}×{result['height']}"),
        ("frames/s", f"{result['fps']:g}"),
        (
            "key frame every",
            f"{result['key_frame_interval_s']:g} s" if result["key_frame_interval_s"] else "not seen twice",
        ),
        ("bit rate", f"{result['bitrate_bps'] / 1e6:.2f} Mbit/s"),
        ("clock", result["clock"] + (f", {offset_ms:+.0f} ms against ours" if offset_ms is not None else "")),
        ("round trip", f"{trip_ms:.1f} ms" if trip_ms is not None else "–"),
        ("first picture after", f"{first_s:.2f} s" if first_s is not None else "–"),
    ]
