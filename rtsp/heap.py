"""Keep the C library's heap from growing with every camera that connects."""

from __future__ import annotations

import ctypes
import sys

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_THRESHOLD_BYTES = 128 * 1024  # pictures and key frames lie above it, most packets below
_ARENAS = 2


def steady_heap() -> bool:
    """Give large buffers back to the system as soon as they are freed; call once, before the first camera.

    glibc keeps heaps for its threads and raises its limit for separate mappings with every large buffer that is freed,
    so what opening a camera takes for a moment (some pictures) stays taken. Returns False where there is no glibc.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _THRESHOLD_BYTES)) and bool(mallopt(_M_ARENA_MAX, _ARENAS))
