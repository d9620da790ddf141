import pytest

from rtsp.errors import SourceError
from rtsp.file_source import PlayedTimes, frames
from tests.rtsp.footage import counting_square, film


def test_every_picture_comes_with_its_time(tmp_path):
    path = film(tmp_path / "a.mp4", counting_square, 30, fps=10)

    got = list(frames(path, "cam"))

    assert 30 == len(got)
    assert [0.0, 0.1, 0.2] == [round(frame.time_s, 6) for frame in got[:3]]
    assert list(range(30)) == [frame.index for frame in got]
    assert ("cam", 0, "file") == (got[0].camera_id, got[0].session, got[0].clock)


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "mpeg4"), ("a.avi", "mjpeg"), ("a.mkv", "libx264")])
def test_containers_without_presentation_times_play_in_order(tmp_path, name, codec):
    got = list(frames(film(tmp_path / name, counting_square, 20, codec=codec, options={})))

    assert 20 == len(got)
    assert 0.76 == pytest.approx(got[-1].time_s, abs=0.01)


def test_b_frames_are_shown_in_order(tmp_path):
    path = film(tmp_path / "b.mp4", counting_square, 40, options={"preset": "medium", "bf": "3"})

    got = [frame.time_s for frame in frames(path)]

    assert 40 == len(got)
    assert sorted(got) == got


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceError) as caught:
        next(frames(tmp_path / "none.mp4"))

    assert "not_found" == caught.value.reason


def test_a_file_cut_short_gives_what_it_has(tmp_path):
    path = film(tmp_path / "a.mkv", counting_square, 60)
    whole = path.read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])

    got = list(frames(tmp_path / "cut.mkv"))

    assert 0 < len(got) < 60


def test_times_that_stand_still_or_are_missing_go_on_by_the_usual_step():
    from fractions import Fraction

    times = PlayedTimes(Fraction(1, 1000), Fraction(25))

    assert [0.0, 0.04, 0.08, 0.12, 1.0] == [round(times.next(pts), 6) for pts in (500, 500, None, 300, 1500)]
