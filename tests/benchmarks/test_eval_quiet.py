"""Footage in which nothing happens: any video, no truth file, every alarm false."""

from __future__ import annotations

from pathlib import Path

from benchmarks.eval.quiet import KINDS, quiet_truths


def test_any_video_is_watched_by_rules_over_its_whole_picture_and_has_no_events(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.AVI", "notes.txt"):
        (tmp_path / name).touch()

    truths = quiet_truths(tmp_path)

    assert [clip.name for clip, _ in truths] == ["a.mp4", "b.AVI"]
    for _, truth in truths:
        assert [rule.kind for rule in truth.camera.rules] == list(KINDS)  # type: ignore[attr-defined]
        assert all(rule.zones_named() == [] for rule in truth.camera.rules) and truth.events == ()
