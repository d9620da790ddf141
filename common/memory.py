"""Keep a process of many threads and large pictures from holding memory that it no longer uses (glibc only)."""

from __future__ import annotations

import ctypes
import functools
from typing import Final

ARENAS: Final = 2  # glibc makes up to eight a core, and each keeps what its threads have freed
_M_ARENA_MAX: Final = -8


@functools.cache
def _libc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None


def share_arenas(count: int = ARENAS) -> bool:
    """Let all threads allocate from `count` heaps; call before threads start. False where malloc is not glibc's."""
    libc = _libc()
    return libc is not None and libc.mallopt(_M_ARENA_MAX, count) == 1


def give_back() -> bool:
    """Return freed pages to the system; True when there were any. Takes a few milliseconds, so not in a hot path."""
    libc = _libc()
    return libc is not None and libc.malloc_trim(0) == 1
