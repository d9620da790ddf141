"""What fails in one camera's turn costs that camera a few seconds, and no other anything."""

import threading

import pytest

from rtsp.pool import RETRY_AFTER_S, DecoderPool


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


class Turns:
    """Work that wants `count` turns, of which the first `failing` fail."""

    def __init__(self, count, failing=0):
        self.left, self.failing = count, failing
        self.failed, self.done = threading.Event(), threading.Event()

    def need(self):
        return float(self.left)

    def turn(self):
        if self.failing:
            self.failing -= 1
            self.failed.set()
            raise OverflowError("a number that no camera should send")
        self.left -= 1
        if not self.left:
            self.done.set()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def pool(clock):
    pool = DecoderPool(1, clock)
    yield pool
    pool.close()


def test_a_camera_whose_turn_failed_is_tried_again(pool, clock, caplog):
    camera = Turns(3, failing=2)
    pool.join(camera)
    pool.wake()
    for _ in range(200):
        clock.now_s += RETRY_AFTER_S
        pool.wake()
        if camera.done.wait(0.05):
            break

    assert camera.done.is_set()
    assert 2 == caplog.text.count("it is tried again")


def test_meanwhile_it_rests_and_the_others_go_on(pool):
    broken, sound = Turns(10, failing=1000), Turns(200)
    pool.join(broken)
    pool.wake()
    assert broken.failed.wait(10.0)

    pool.join(sound)
    pool.wake()

    assert sound.done.wait(10.0)
    assert 999 == broken.failing


def test_who_leaves_is_forgotten(pool):
    camera = Turns(10, failing=1000)
    pool.join(camera)
    pool.wake()
    assert camera.failed.wait(10.0)

    pool.leave(camera)

    assert not pool._until_s
