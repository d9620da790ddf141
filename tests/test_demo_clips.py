"""The demo's footage: what is drawn in its place never touches the footage itself."""

from __future__ import annotations

import pytest

from common.media import sha256_of
from ioc.demo.clips import prepare

MANIFEST = """
clips:
  - stem: road
    credit: nobody
    licence: none
    files:
      - {name: street.mp4, sha256: 'SHA', places: [{kind: folder, path: street.mp4}]}
"""


@pytest.fixture
def media(tmp_path, monkeypatch):
    folder = tmp_path / "media"
    folder.mkdir()
    monkeypatch.setenv("IOC_MEDIA", str(folder))
    monkeypatch.setenv("IOC_CACHE", str(tmp_path / "cache"))
    return folder


def manifest_for(path, sha256):
    path.write_text(MANIFEST.replace("SHA", sha256), encoding="utf-8")
    return path


def test_a_drawn_scene_replaces_the_link_to_footage_and_leaves_the_footage_alone(media, tmp_path):
    footage = media / "street.mp4"
    footage.write_bytes(b"footage")
    known = manifest_for(tmp_path / "known.yaml", sha256_of(footage))
    linked = prepare(lambda said: None, manifest=known)["road"]
    other = manifest_for(tmp_path / "other.yaml", "0" * 64)

    drawn = prepare(lambda said: None, manifest=other)["road"]

    assert linked == drawn
    assert b"footage" == footage.read_bytes()
    assert not drawn.is_symlink()


def test_a_drawn_scene_is_not_taken_for_a_film_of_real_stills_later(media, tmp_path):
    manifest = manifest_for(tmp_path / "stills.yaml", "0" * 64)
    drawn = prepare(lambda said: None, manifest=manifest)["road"]
    stamp = drawn.with_suffix(".made-of")
    stamp.write_text("stills", encoding="utf-8")

    prepare(lambda said: None, manifest=manifest)

    assert not stamp.exists()
