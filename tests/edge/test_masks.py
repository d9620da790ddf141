"""No pixel of a private area ever leaves, whatever the shape that an installer drew and whatever the picture's size."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.picture import Picture
from edge.evidence import snapshot
from edge.masks import burn_in
from tests.edge.scenes import picture

Polygon = npt.NDArray[np.float64]
SIZES = [(1920, 1080), (640, 360), (353, 289), (64, 48)]
STAR = np.array(
    [[0.5, 0.05], [0.78, 0.95], [0.05, 0.4], [0.95, 0.4], [0.22, 0.95]]
)  # its lines cross: five tips, a heart
units = st.floats(0.0, 1.0)
polygons = st.lists(st.tuples(units, units), min_size=3, max_size=9).map(lambda corners: np.array(corners))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_star_is_covered_to_its_heart(width: int, height: int):
    burnt = burn_in(np.full((height, width, 3), 255, np.uint8), [STAR])

    assert 0 == burnt[int(0.55 * height), int(0.5 * width)].max()


@given(polygons, st.sampled_from(SIZES[1:]))
def test_every_pixel_inside_is_black(polygon: Polygon, size: tuple[int, int]):
    width, height = size

    burnt = burn_in(np.full((height, width, 3), 255, np.uint8), [polygon])

    assert 0 == burnt[_inside(polygon, width, height)].max(initial=0)


def test_masks_of_the_whole_border_and_of_nothing_are_survived():
    white = np.full((48, 64, 3), 255, np.uint8)
    line = np.array([[0.2, 0.2], [0.8, 0.8], [0.2, 0.2]])
    everything = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])

    assert burn_in(white, [line]).max() == 255
    assert burn_in(white, [everything]).max() == 0
    assert burn_in(white, []).min() == 255


@pytest.mark.parametrize(("width", "height"), [(3840, 2160), (1920, 1080), (640, 360)])
def test_a_snapshot_of_any_size_hides_what_lies_under_the_mask(width: int, height: int):
    mask = np.array([[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]])
    seen: Picture = picture(255, width, height)

    jpeg = snapshot(seen, [], [mask])

    shown = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert shown is not None
    rows, columns = shown.shape
    hidden = shown[rows // 4 + 1 : rows * 3 // 4 - 1, columns // 4 + 1 : columns * 3 // 4 - 1]
    assert hidden.max() < 40  # JPEG rings a little at the border


def _inside(polygon: Polygon, width: int, height: int) -> npt.NDArray[np.bool_]:
    """Where the centre of a pixel lies inside by the winding number, which knows no holes."""
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    winding = np.zeros((height, width), int)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        side = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
        winding += ((y0 <= y) & (y1 > y) & (side > 0)).astype(int) - ((y0 > y) & (y1 <= y) & (side < 0)).astype(int)
    return winding != 0
