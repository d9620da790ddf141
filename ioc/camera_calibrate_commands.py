"""`ioc camera calibrate`: the ground block of a camera, from four measured places or two lines of the road."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ioc.camera_app import camera_app
from ioc.output import UserMistake, emit, out


def register(app: typer.Typer) -> None:
    """The group `camera` is put on `app` by `camera_commands`; this file only adds to it."""


@camera_app.command()
def calibrate(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="a camera's URL, a clip or a picture")],
    point: Annotated[
        list[str] | None,
        typer.Option(help="a place on the ground, 'x,y' in 0..1 of the picture; 'x,y=X,Y' with its metres; four times"),
    ] = None,
    rectangle: Annotated[
        str | None, typer.Option(help="the four points are corners, in order: WIDTHxLENGTH in metres, first side first")
    ] = None,
    distance: Annotated[
        list[str] | None, typer.Option(help="'1-2=3.5': metres between two of the points; four sides and a diagonal")
    ] = None,
    line: Annotated[
        list[str] | None, typer.Option(help="'x0,y0,x1,y1': a line that is parallel to the other on the road; twice")
    ] = None,
    width: Annotated[float | None, typer.Option(min=0.1, help="metres between the two lines")] = None,
    length: Annotated[
        str | None, typer.Option(help="'x0,y0,x1,y1=12': metres between two places on the ground, along the lines")
    ] = None,
    hfov: Annotated[
        float | None, typer.Option(min=5, max=170, help="horizontal field of view in degrees, from the data sheet")
    ] = None,
    check: Annotated[
        list[str] | None, typer.Option(help="'x0,y0,x1,y1=8': a known length that is kept back, to judge the result")
    ] = None,
    click_error: Annotated[
        float, typer.Option(min=0, max=0.1, help="how far off a point may be, as a share of the picture's height")
    ] = 0.004,
    tape_error: Annotated[
        float, typer.Option(min=0, max=1, help="how far off the measured lengths may be, as a share")
    ] = 0.02,
    grid: Annotated[Path | None, typer.Option(help="where the picture with the metre grid goes (.jpg or .png)")] = None,
    write: Annotated[Path | None, typer.Option(help="a node's file to put the block into, with --camera")] = None,
    camera: Annotated[str | None, typer.Option(help="which camera of that file")] = None,
    horizon: Annotated[
        bool, typer.Option("--horizon", help="find where the camera looks, from --landmark, instead of the ground")
    ] = False,
    landmark: Annotated[
        list[str] | None,
        typer.Option(
            help="with --horizon: 'x,y,lat,lon' or 'x,y,lat,lon,altitude' of something that is seen; four times"
        ),
    ] = None,
    at: Annotated[str | None, typer.Option(help="with --horizon: 'lat,lon' or 'lat,lon,altitude' of the lens")] = None,
    height: Annotated[float, typer.Option(help="with --horizon: metres of the lens above the ground")] = 0.0,
    terrain: Annotated[
        Path | None, typer.Option(help="with --horizon: heights of the ground (.hgt, GeoTIFF, or a folder of them)")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Tell the camera where the ground lies, or where it looks (--horizon): places and sizes follow, with their errors.

    Hiệu chuẩn mặt đường từ bốn điểm đã đo hoặc hai vạch song song, hoặc hướng nhìn từ các mốc đã biết (--horizon);
    kèm ảnh lưới mét hoặc thước phương vị để kiểm tra.
    """
    if horizon:
        from ioc import calibrating_horizon

        marks = calibrating_horizon.Marks(tuple(landmark or ()), at, height, hfov, click_error / 2, terrain)
        return calibrating_horizon.run(source, marks, grid, as_json)
    from ioc import calibrating, ground_block

    picture = calibrating.picture_of(source)
    measured = calibrating.Measured(
        points=tuple(point or ()), rectangle=rectangle, distances=tuple(distance or ()), lines=tuple(line or ()),
        width_m=width, length=length, hfov_deg=hfov, checks=tuple(check or ()),
        click_error=click_error, tape_error=tape_error,
    )  # fmt: skip
    result = calibrating.calibrate(measured, picture, grid)
    if write is not None:
        if camera is None:
            raise UserMistake("--write needs --camera: which camera of that file is it?")
        ground_block.put_into(write, camera, result["ground"])
    emit(result, as_json, _show)
    return None


def _show(result: Mapping[str, Any]) -> None:
    out.print(result["yaml"], markup=False)
    for name, text in result["judgement"].items():
        out.print(f"{name}: {text}", markup=False)
