"""What is freed goes back to the system, and how many heaps there are is said once."""

import subprocess
import sys

import pytest

from common.memory import give_back, set_apart, share_arenas

CYCLES = """
import gc
from common.memory import give_back, settle
class Knot:
    def __init__(self): self.self = self
early = [Knot() for _ in range(200_000)]
settle()
late = Knot()
looked_at = len(gc.get_objects())
del late
give_back()
print(looked_at, sum(isinstance(one, Knot) for one in gc.get_objects()))
"""
SCATTERED = """
import ctypes, sys, threading
from common.memory import give_back, share_arenas
pages = lambda: int(open("/proc/self/statm").read().split()[1])
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
blocks = [libc.malloc(100_000) for _ in range(400)]
for block in blocks: ctypes.memset(block, 1, 100_000)
for block in blocks[:-1]: libc.free(block)  # the last one keeps the heap from shrinking by itself
before = pages()
give_back()
print(before - pages())
"""

COMING_AND_GOING = """
import ctypes, sys
from common.memory import set_apart, share_arenas
share_arenas()
set_apart()
pages = lambda: int(open("/proc/self/statm").read().split()[1])
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
def block(size_bytes):
    made = libc.malloc(size_bytes)
    ctypes.memset(made, 1, size_bytes)
    return made
libc.free(block(2**24))  # teaches glibc, if it is let, to keep blocks of this size in the heap
before = pages()
pictures = []
for _ in range(20):
    pictures.append(block(2**21))
    block(2_000)  # stays: what a picture left is a gap in the heap, not its end
for picture in pictures: libc.free(picture)
print(pages() - before)
"""


@pytest.mark.skipif(not give_back() and not share_arenas(), reason="malloc is not glibc's here")
def test_freed_pictures_below_one_that_is_kept_are_returned():
    done = subprocess.run([sys.executable, "-c", SCATTERED], capture_output=True, text=True, check=True)

    assert int(done.stdout) > 5_000  # of about 9,700 pages


@pytest.mark.skipif(not set_apart(), reason="malloc is not glibc's here")
def test_a_picture_leaves_no_gap_in_the_heap_when_it_goes():
    done = subprocess.run([sys.executable, "-c", COMING_AND_GOING], capture_output=True, text=True, check=True)

    assert int(done.stdout) < 500  # of about 10,200 pages


def test_what_is_built_at_the_start_is_passed_over_and_dead_cycles_since_then_go():
    done = subprocess.run([sys.executable, "-c", CYCLES], capture_output=True, text=True, check=True)

    looked_at, left = map(int, done.stdout.split())
    assert (looked_at < 10_000, left) == (True, 0)
