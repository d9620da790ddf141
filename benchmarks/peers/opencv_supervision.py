"""The usual way to watch cameras with OpenCV and supervision: a thread for each stream, every frame decoded.

Runs in any environment that has opencv, onnxruntime, supervision and, from supervision 0.29 on, trackers; this file
imports nothing of ours. It reads its task as JSON from standard input and prints one JSON object; see `side_by_side`.
The task: `{urls, model, size: [width, height], labels, camera: {zones, lines}, looks_per_s, warm_up_s, seconds}`.

What a careful user would do is done here: one session for all threads, each of them computing alone; frames between
two looks are decoded but not converted; RTSP over TCP; one decoding thread for each stream.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")

import cv2
import numpy as np
import onnxruntime
import supervision as sv

CONFIDENCE = 0.25
OVERLAP = 0.6
GREY = 114
PACKAGES = ("opencv-python-headless", "opencv-python", "onnxruntime", "supervision", "trackers")


def make_session(model: str) -> Any:
    """Return a session that computes on the calling thread alone: the streams' threads share the cores."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def make_tracker(looks_per_s: float) -> Any:
    """Return ByteTrack, which moved from supervision to the package trackers."""
    if hasattr(sv, "ByteTrack"):
        return sv.ByteTrack(frame_rate=looks_per_s)
    import trackers

    return trackers.ByteTrackTracker(
        frame_rate=looks_per_s, track_activation_threshold=CONFIDENCE, high_conf_det_threshold=CONFIDENCE
    )


def look(session: Any, picture: Any, size: tuple[int, int], labels: Any) -> Any:
    """Return supervision's Detections in pixels of `picture` (H, W, 3 uint8 BGR), after suppression."""
    width, height = size
    scale = min(width / picture.shape[1], height / picture.shape[0])
    inside = cv2.resize(picture, (round(picture.shape[1] * scale), round(picture.shape[0] * scale)))
    left, top = (width - inside.shape[1]) // 2, (height - inside.shape[0]) // 2
    canvas = np.full((height, width, 3), GREY, np.uint8)
    canvas[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    blob = cv2.dnn.blobFromImage(canvas, 1 / 255, swapRB=True)
    rows = session.run(None, {session.get_inputs()[0].name: blob})[0][0].T
    scores, classes = rows[:, 4:].max(axis=1), rows[:, 4:].argmax(axis=1)
    keep = (scores >= CONFIDENCE) & np.isin(classes, labels)
    centre, half = (rows[keep, :2] - (left, top)) / scale, rows[keep, 2:4] / 2 / scale
    corners = np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
    return sv.Detections(corners, confidence=scores[keep], class_id=classes[keep]).with_nms(OVERLAP)


@dataclass
class Stream:
    """One camera on a thread of its own."""

    url: str
    task: dict[str, Any]
    session: Any
    stop: threading.Event
    frames: int = 0
    looks: int = 0
    crossings: int = 0
    inside: int = 0
    failure: str = ""
    lines: list[Any] = field(default_factory=list)
    zones: list[Any] = field(default_factory=list)

    def run(self) -> None:
        capture = cv2.VideoCapture(self.url, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
        if not capture.isOpened():
            self.failure = f"{self.url} does not open"
            return
        self._draw(capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        stride = max(1, round(capture.get(cv2.CAP_PROP_FPS) / self.task["looks_per_s"]))
        tracker = make_tracker(self.task["looks_per_s"])
        while not self.stop.is_set():
            if not capture.grab():
                self.failure = f"{self.url} ended"
                return
            self.frames += 1
            if self.frames % stride == 0:
                self._look(capture.retrieve()[1], tracker)
        capture.release()

    def _look(self, picture: Any, tracker: Any) -> None:
        found = look(self.session, picture, tuple(self.task["size"]), self.task["labels"])
        update = getattr(tracker, "update_with_detections", None) or tracker.update
        tracks = update(found)
        if tracks.tracker_id is not None:
            tracks = tracks[tracks.tracker_id >= 0]
            for line in self.lines:
                into, out_of = line.trigger(tracks)
                self.crossings += int(into.sum() + out_of.sum())
            self.inside += sum(int(zone.trigger(tracks).sum()) for zone in self.zones)
        self.looks += 1

    def _draw(self, width: float, height: float) -> None:
        def at(point: Any) -> Any:
            return sv.Point(point[0] * width, point[1] * height)

        foot = [sv.Position.BOTTOM_CENTER]
        camera = self.task["camera"]
        self.lines = [
            sv.LineZone(start=at(line["from"]), end=at(line["to"]), triggering_anchors=foot)
            for line in camera.get("lines", {}).values()
        ]
        self.zones = [
            sv.PolygonZone((np.array(zone) * (width, height)).astype(np.int64), triggering_anchors=foot)
            for zone in camera.get("zones", {}).values()
        ]


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """Watch all streams for `warm_up_s`, then count what is done in `seconds`."""
    stop, session = threading.Event(), make_session(task["model"])
    streams = [Stream(url, task, session, stop) for url in task["urls"]]
    threads = [threading.Thread(target=stream.run, daemon=True) for stream in streams]
    for thread in threads:
        thread.start()
    until_s = time.monotonic() + 60
    while not all(stream.looks or stream.failure for stream in streams) and time.monotonic() < until_s:
        time.sleep(0.1)
    if all(stream.failure for stream in streams):
        raise RuntimeError(streams[0].failure)
    time.sleep(task["warm_up_s"])
    began_s, cpu_s = time.monotonic(), time.process_time()
    looks, frames = sum(s.looks for s in streams), sum(s.frames for s in streams)
    time.sleep(task["seconds"])
    took_s = time.monotonic() - began_s
    result = {
        "looks_per_s": round((sum(s.looks for s in streams) - looks) / took_s, 2),
        "frames_per_s": round((sum(s.frames for s in streams) - frames) / took_s, 1),
        "cpu_cores": round((time.process_time() - cpu_s) / took_s, 3),
        "rss_mb": rss_mb(),
        "crossings": sum(s.crossings for s in streams),
        "inside": sum(s.inside for s in streams),
        "broken": [s.failure for s in streams if s.failure],
        "packages": versions(),
    }
    stop.set()
    for thread in threads:
        thread.join(5.0)
    return result


def rss_mb() -> float:
    """Return the resident memory of this process."""
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(json.load(sys.stdin))) + "\n")
