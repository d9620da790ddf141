"""Broken files: each is served, transcoded or refused by name; none of them is a surprise."""

from __future__ import annotations

import random
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtsp.simulator.clip import Clip
from rtsp.simulator.jpeg import Jpeg, NotCarried, payloads
from rtsp.simulator.library import load
from rtsp.simulator.nal import Splitter, split_lengths, split_start_codes
from rtsp.simulator.packets import packetise
from tests.rtsp.simulator_films import small_scene


@pytest.mark.parametrize("codec", ["H264", "H265", "JPEG"])
def test_a_damaged_file_is_served_or_refused_in_one_sentence(
    tmp_path: Path, codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    whole = small_scene(tmp_path, "whole.mov", codec=codec).read_bytes()
    rng = random.Random(1)

    for number in range(12):
        damaged = bytearray(whole[: rng.randint(len(whole) // 2, len(whole))] if number % 3 == 0 else whole)
        for _ in range(rng.randint(1, 60)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        file = tmp_path / f"damaged-{number}.mov"
        file.write_bytes(damaged)
        try:
            (clip,) = load([file], lambda name, share: None).values()
        except ValueError as error:
            assert file.name in str(error)
        else:
            assert all(packetise(clip, unit, 1400).heads for unit in clip.units)


@given(st.sampled_from(["H264", "H265"]), st.binary(max_size=80), st.binary(max_size=200))
def test_no_codec_configuration_breaks_the_splitter(codec: str, extradata: bytes, packet: bytes) -> None:
    try:
        splitter = Splitter(codec, b"\x01" + extradata)  # type: ignore[arg-type]
    except ValueError:
        return

    assert all(nal for nal in splitter.split(packet))


@given(st.lists(st.binary(min_size=1, max_size=30).map(lambda body: b"\x65" + body.replace(b"\0", b"\1"))))
def test_nal_units_come_back_out_of_both_framings(nals: list[bytes]) -> None:
    assert split_start_codes(b"".join(b"\0\0\0\1" + nal for nal in nals)) == nals
    assert split_lengths(b"".join(len(nal).to_bytes(4, "big") + nal for nal in nals), 4) == nals


@given(st.integers(0, 2**32), st.integers(1, 20))
def test_no_jpeg_breaks_its_parser(seed: int, changes: int) -> None:
    rng = random.Random(seed)
    _, encoded = cv2.imencode(".jpg", np.full((32, 48, 3), seed % 256, np.uint8))
    data = bytearray(encoded.tobytes())
    for _ in range(changes):
        data[rng.randrange(len(data))] = rng.randrange(256)

    try:
        jpeg = Jpeg.parse(bytes(data))
    except NotCarried:
        return
    assert 0 < jpeg.width <= 2040
    assert b"".join(payload[8:] for payload in payloads(bytes(data), 200))


def test_progressive_jpegs_are_not_carried() -> None:
    _, encoded = cv2.imencode(".jpg", np.zeros((32, 32, 3), np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])

    with pytest.raises(NotCarried, match="baseline"):
        Jpeg.parse(encoded.tobytes())


def test_fragments_put_together_are_the_picture_that_was_cut(tmp_path: Path) -> None:
    clip = Clip.read(small_scene(tmp_path))
    unit = clip.units[0]

    packets = packetise(clip, unit, 300)

    pieces = [bytes(datagram)[12:] for datagram in packets.datagrams()]
    fragments = [piece for piece in pieces if piece[0] & 31 == 28 and piece[1] & 31 == 5]
    nal = bytes([(fragments[0][0] & 0xE0) | (fragments[0][1] & 31)]) + b"".join(piece[2:] for piece in fragments)
    assert all(len(piece) <= 300 for piece in pieces)
    assert fragments[0][1] & 0x80
    assert fragments[-1][1] & 0x40
    assert nal == max(unit.nals, key=len)
