"""A device decodes where it can; where it cannot, software does, and the reason is said once."""

import logging

import av
import pytest

from rtsp.decoder import Decoder
from rtsp.hardware import Hardware
from tests.rtsp.footage import counting_square, film, packets_of


@pytest.fixture(scope="module")
def packets(tmp_path_factory):
    return packets_of(film(tmp_path_factory.mktemp("hardware") / "square.mp4", counting_square, 50))


def decoded(packets, hardware):
    decoder = Decoder(packets[0].encoding, hardware)
    pictures = sum(len(decoder.decode(packet)) for packet in packets)
    return decoder, pictures


def test_software_is_the_default_and_needs_no_reason(packets):
    decoder, pictures = decoded(packets, Hardware())

    assert ("software", 50) == (decoder.device, pictures)
    assert Hardware().why_not("h264") is None


def test_a_device_that_this_build_does_not_know_leaves_decoding_to_software(packets):
    hardware = Hardware("vaapi", available=lambda: ["drm"])

    decoder, pictures = decoded(packets, hardware)

    assert ("software", 50) == (decoder.device, pictures)
    assert "vaapi: this build of libav knows no such device" == hardware.why_not("h264")


def test_a_device_that_is_not_there_is_asked_once_and_named_once(packets, caplog):
    asked = []

    def create(codec, mode, **more):
        if "hwaccel" in more:
            asked.append(codec)
            raise av.error.PermissionError(1, "no device")
        return av.CodecContext.create(codec, mode)

    hardware = Hardware("cuda", available=lambda: ["cuda"], create=create)
    with caplog.at_level(logging.WARNING):
        made = [decoded(packets, hardware) for _ in range(3)]

    assert [("software", 50)] * 3 == [(decoder.device, pictures) for decoder, pictures in made]
    assert ["h264"] == asked
    assert 1 == len(caplog.records)
    assert "no device" in hardware.why_not("h264")


def test_auto_says_why_none_of_its_devices_decodes(packets):
    hardware = Hardware("auto", available=lambda: [])

    decoded(packets, hardware)

    assert "cuda" in hardware.why_not("h264") and "vaapi" in hardware.why_not("h264")


class Broken:
    """A device's decoder that opens and then fails at every packet."""

    is_hwaccel = True
    skip_frame = "DEFAULT"

    def decode(self, packet):
        raise av.error.ExternalError(1, "the device is gone")


def test_a_device_that_only_fails_is_given_up_for_software(packets):
    def create(codec, mode, **more):
        return Broken() if "hwaccel" in more else av.CodecContext.create(codec, mode)

    hardware = Hardware("cuda", available=lambda: ["cuda"], create=create)
    decoder, pictures = decoded(packets, hardware)

    assert "software" == decoder.device
    assert pictures >= 25  # from the next key frame on at the latest
    assert "the device is gone" in hardware.why_not("h264")


def test_the_real_device_or_the_reason_why_not(packets):
    hardware = Hardware("auto")

    decoder, pictures = decoded(packets, hardware)

    assert 50 == pictures
    assert (decoder.device == "software") == (hardware.why_not("h264") is not None)
