"""Small clips that tests make cameras from."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from rtsp.simulator.nal import Codec
from rtsp.simulator.scene import make_scene


def small_scene(folder: Path, name: str = "road.mp4", *, codec: Codec = "H264", seconds: float = 1.0) -> Path:
    """A drawn street, 320×192 at 25 pictures a second, a key frame every 5."""
    return make_scene(folder / name, width=320, height=192, fps=25, seconds=seconds, codec=codec, gop=5)


def scene_with_b_frames(folder: Path) -> Path:
    """Noise that moves, encoded with two B-frames between others; 20 pictures, 25 a second."""
    path = folder / "bframes.mp4"
    pictures = np.random.default_rng(3).integers(0, 255, (20, 96, 128, 3), np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=25, options={"x264-params": "bframes=2:b-adapt=0:keyint=10:scenecut=0"}
        )
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.codec_context.max_b_frames = 2
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path
