"""Keep a process of many threads and large pictures from holding memory that it no longer uses."""

from __future__ import annotations

import ctypes
import functools
import gc
from typing import Final

ARENAS: Final = 2  # glibc makes up to eight a core, and each keeps what its threads have freed
APART_BYTES: Final = 2**20  # the brightness of a 1080p picture is two; packets and a model's small things are below
TOP_BYTES: Final = 8 * 2**20  # free at the end of a heap before it shrinks; with glibc's 128 kB it grows again at once
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8


@functools.cache
def _libc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None


def share_arenas(count: int = ARENAS) -> bool:
    """Let all threads allocate from `count` heaps; call before threads start. False where malloc is not glibc's."""
    libc = _libc()
    return libc is not None and libc.mallopt(_M_ARENA_MAX, count) == 1


def set_apart(least_bytes: int = APART_BYTES) -> bool:
    """Give each block of at least `least_bytes` pages of its own, which go back at once when it is freed.

    By itself glibc does so only until the first such block is freed: from then on pictures lie in the heaps between
    small things, and what one left is seldom where the next one goes. False where malloc is not glibc's.
    """
    libc = _libc()
    if libc is None:
        return False
    return all(libc.mallopt(*one) == 1 for one in ((_M_MMAP_THRESHOLD, least_bytes), (_M_TRIM_THRESHOLD, TOP_BYTES)))


def settle() -> None:
    """Take what has been built so far for permanent: the collector of cycles passes over it from now on.

    Else a full collection looks at all modules, takes a tenth of a second, and is put off by Python until a quarter of
    all objects are new. Libav's connections are cycles of a few small objects around much memory outside Python: a
    hundred megabytes of closed ones would lie about first. Call it before what comes and goes is made.
    """
    gc.collect()
    gc.freeze()


def give_back() -> bool:
    """Let go of dead cycles and return freed pages to the system; True when there were any (glibc only).

    Takes a few milliseconds, so not in a hot path.
    """
    gc.collect()
    libc = _libc()
    return libc is not None and libc.malloc_trim(0) == 1
