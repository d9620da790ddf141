import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtsp.h264 import Quantisers, effort
from tests.rtsp.footage import counting_square, film, packets_of


@pytest.mark.parametrize("extra", [{}, {"bf": "2"}, {"weightp": "2", "refs": "4"}, {"preset": "slow"}, {"coder": "0"}])
@pytest.mark.parametrize("quantiser", [18, 33])
def test_the_quantiser_that_the_encoder_was_told_is_read_back(tmp_path, quantiser, extra):
    options = {"qp": str(quantiser), "x264-params": "ipratio=1:pbratio=1", **extra}
    packets = packets_of(film(tmp_path / "a.mp4", counting_square, 30, options=options))

    quantisers = Quantisers(packets[0].encoding.extradata)

    assert {quantiser} == {quantisers.of(memoryview(packet.raw)) for packet in packets}


@given(st.binary(max_size=300), st.binary(max_size=60))
def test_garbage_has_no_quantiser_and_does_no_harm(data, extradata):
    found = Quantisers(extradata).of(memoryview(b"\0\0\1" + data))

    assert found is None or isinstance(found, int)


@pytest.fixture(scope="module")
def packets(tmp_path_factory):
    return packets_of(film(tmp_path_factory.mktemp("h264") / "a.mp4", counting_square, 3))


@given(st.binary(min_size=1, max_size=60))
def test_a_damaged_picture_of_a_known_stream_has_a_quantiser_that_exists_or_none(packets, data):
    damaged = (len(data) + 1).to_bytes(4) + b"\x41" + data  # 0x41: a slice that others are built on

    found = Quantisers(packets[0].encoding.extradata).of(memoryview(damaged))

    assert found is None or -36 <= found <= 51
    assert effort(1000, found) > 0


def test_a_coarser_quantiser_means_more_effort_for_the_same_bytes():
    assert 1000.0 == effort(1000, 26)
    assert 2000.0 == effort(1000, 32)
    assert 1000.0 == effort(1000, None)
