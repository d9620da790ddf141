"""Ultralytics' own multi-stream tracking on the same cameras, weights and looks a second.

Runs in any environment that has ultralytics, torch, onnxruntime and lap; this file imports nothing of ours. It reads
its task as JSON from standard input and prints one JSON object; see `side_by_side`. The streams are read by its own
loader: a thread for each, every frame decoded, every n-th looked at (`vid_stride`), one batch over all streams.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
os.environ.setdefault("YOLO_AUTOINSTALL", "false")
os.environ.setdefault("YOLO_OFFLINE", "true")
os.environ.setdefault("YOLO_VERBOSE", "false")

CONFIDENCE = 0.25
OVERLAP = 0.6
FPS = 25
PACKAGES = ("ultralytics", "ultralytics-opencv-headless", "torch", "onnxruntime", "lap")


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """Track on all streams for `warm_up_s`, then count what is done in `seconds`."""
    from ultralytics import YOLO

    with tempfile.TemporaryDirectory() as folder:
        streams = Path(folder) / "cameras.streams"
        streams.write_text("\n".join(task["urls"]) + "\n", encoding="utf-8")
        width, height = task["size"]
        results = YOLO(task["model"], task="detect").track(
            source=str(streams),
            stream=True,
            tracker="bytetrack.yaml",
            conf=CONFIDENCE,
            iou=OVERLAP,
            classes=task["labels"],
            imgsz=(height, width),
            rect=False,  # the graph has this size already
            vid_stride=max(1, round(task.get("fps", FPS) / task["looks_per_s"])),
            device="cpu",
            verbose=False,
        )
        return _counted(results, task)


def _counted(results: Any, task: dict[str, Any]) -> dict[str, Any]:
    first_s = began_s = cpu_s = None
    looks, ids = 0, set[tuple[str, int]]()
    for result in results:
        now_s = time.monotonic()
        first_s = first_s or now_s
        if began_s is None:
            if now_s < first_s + task["warm_up_s"]:
                continue
            began_s, cpu_s = now_s, time.process_time()
        if result.boxes.id is not None:
            ids.update((result.path, int(one)) for one in result.boxes.id)
        looks += 1
        if now_s >= began_s + task["seconds"]:
            break
    if began_s is None or cpu_s is None:
        raise RuntimeError("no stream gave a picture")
    took_s = time.monotonic() - began_s
    return {
        "looks_per_s": round(looks / took_s, 2),
        "cpu_cores": round((time.process_time() - cpu_s) / took_s, 3),
        "rss_mb": _rss_mb(),
        "tracks": len(ids),
        "broken": [],
        "packages": _versions(),
    }


def _rss_mb() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    said = measure(json.load(sys.stdin))
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    os._exit(0)  # its reading threads are daemons inside native code; an orderly end can hang on them
