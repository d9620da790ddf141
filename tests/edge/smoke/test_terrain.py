"""Heights come out of the files as they were written, between the cells too, and never out of nowhere."""

import struct

import numpy as np
import pytest

from common.config import ConfigError
from edge.terrain import read_terrain


def write_hgt(folder, name="N11E108", side=1201):
    rows, columns = np.mgrid[0:side, 0:side]
    heights = (columns + 2 * (side - 1 - rows)).astype(">i2")  # 1 m a cell to the east, 2 m a cell to the north
    heights[5, 5] = -32768
    file = folder / f"{name}.hgt"
    heights.tofile(file)
    return file


def write_geotiff(file, heights, *, lon=108.0, lat=12.0, step=0.001, model=2, raster=1, void=b"-9999\0"):
    """An uncompressed one-strip GeoTIFF of int16 or float32."""
    pixels = heights.astype("<f4" if heights.dtype.kind == "f" else "<i2").tobytes()
    floats = heights.dtype.kind == "f"
    keys = (1, 1, 0, 2, 1024, 0, 1, model, 1025, 0, 1, raster)
    extra = {
        33550: (12, 3, struct.pack("<3d", step, step, 0)),
        33922: (12, 6, struct.pack("<6d", 0, 0, 0, lon, lat, 0)),
        34735: (3, len(keys), struct.pack(f"<{len(keys)}H", *keys)),
        42113: (2, len(void), void),
    }
    rows, columns = heights.shape
    simple = {256: columns, 257: rows, 258: 32 if floats else 16, 259: 1, 262: 1, 277: 1, 278: rows,
              279: len(pixels), 339: 3 if floats else 2}  # fmt: skip
    count = len(simple) + len(extra) + 1
    at = 8 + 2 + 12 * count + 4
    entries, tail = {}, b""
    for tag, (type_, number, data) in extra.items():
        entries[tag] = struct.pack("<HHII", tag, type_, number, at + len(tail))
        tail += data + b"\0" * (len(data) % 2)
    for tag, value in simple.items():
        entries[tag] = struct.pack("<HHII", tag, 4, 1, value)
    entries[273] = struct.pack("<HHII", 273, 4, 1, at + len(tail))
    directory = struct.pack("<H", count) + b"".join(entries[tag] for tag in sorted(entries)) + struct.pack("<I", 0)
    file.write_bytes(b"II*\0" + struct.pack("<I", 8) + directory + tail + pixels)
    return file


def at(terrain, lat, lon):
    return float(terrain.at(np.array([lat]), np.array([lon]))[0])


def test_an_srtm_tile_is_found_by_its_name_and_read_between_its_cells(tmp_path):
    terrain = read_terrain(write_hgt(tmp_path))

    assert (0.0, 1200 + 2 * 1200) == (at(terrain, 11, 108), at(terrain, 12, 109))
    assert 600.25 + 2 * 300.5 == pytest.approx(at(terrain, 11 + 300.5 / 1200, 108 + 600.25 / 1200))


def test_beside_a_void_and_outside_nothing_is_known(tmp_path):
    terrain = read_terrain(write_hgt(tmp_path))

    assert np.isnan(at(terrain, 12 - 5.5 / 1200, 108 + 4.5 / 1200))
    assert np.isnan(at(terrain, 10.9, 108.5))


def test_tiles_of_a_folder_are_one_surface(tmp_path):
    write_hgt(tmp_path)
    write_hgt(tmp_path, "N11E109")
    terrain = read_terrain(tmp_path)

    assert not np.isnan(at(terrain, 11.5, 108.5) + at(terrain, 11.5, 109.5))


@pytest.mark.parametrize("type_", [np.int16, np.float32])
@pytest.mark.parametrize(("raster", "shift"), [(1, 0.5), (2, 0.0)], ids=["area", "point"])
def test_a_geotiff_lies_where_its_tags_say(tmp_path, type_, raster, shift):
    heights = np.arange(40 * 50).reshape(40, 50).astype(type_)
    heights[3, 3] = -9999
    terrain = read_terrain(write_geotiff(tmp_path / "a.tif", heights, raster=raster))

    row, column = 10, 20
    assert 520 == pytest.approx(at(terrain, 12 - (row + shift) * 0.001, 108 + (column + shift) * 0.001))
    assert np.isnan(at(terrain, 12 - (3 + shift) * 0.001, 108 + (3 + shift) * 0.001))


def test_what_is_no_terrain_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "N11E108.hgt").write_bytes(b"short")
    (tmp_path / "b.tif").write_bytes(b"not a picture")
    projected = write_geotiff(tmp_path / "c.tif", np.zeros((4, 4), np.int16), model=1)

    with pytest.raises(ConfigError, match="no SRTM tile"):
        read_terrain(tmp_path / "N11E108.hgt")
    with pytest.raises(ConfigError, match="not a TIFF"):
        read_terrain(tmp_path / "b.tif")
    with pytest.raises(ConfigError, match="gdalwarp"):
        read_terrain(projected)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_terrain(tmp_path / "none.tif")
