"""Let other settings see a clip that was seen before: what the detector saw is kept, nothing is decoded again."""

from __future__ import annotations

from benchmarks.eval.clips import Watched
from edge.camera import make_watch
from edge.config import InferenceSettings, ViewSettings


def replay(view: ViewSettings, seen: Watched) -> Watched:
    """Return what a camera with `view`, whose rules look at objects alone, tells of the looks of a clip."""
    camera = make_watch(view, looks_per_s=InferenceSettings().looks_per_s, aspect=seen.aspect)
    told = [one for look in seen.looks for one in camera.see(look, {"objects": look.objects})]
    told += camera.finish()
    return Watched(told, tuple(camera.rules), seen.first_s, seen.duration_s, seen.looks, seen.aspect)
