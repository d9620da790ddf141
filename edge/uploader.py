"""Move evidence from the node's disk to central, oldest first, for as long as it takes."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import httpx

from common.backoff import delays
from edge.evidence import EvidenceStore

log = logging.getLogger(__name__)

MEDIA_TYPES: Final = {".jpg": "image/jpeg", ".mp4": "video/mp4"}
LOOK_AGAIN_S: Final = 30.0  # files left by an earlier run, or by a failed attempt


class Uploader:
    """PUTs each waiting file to `/api/v1/evidence/{sha256}`; the only place that retries this."""

    def __init__(
        self,
        store: EvidenceStore,
        url: str,
        token: str | None,
        *,
        ca_file: Path | None = None,
        waits: Callable[[], Iterator[float]] = delays,
    ) -> None:
        self._store = store
        self._url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        verify: ssl.SSLContext | bool = ssl.create_default_context(cafile=ca_file) if ca_file else True
        self._http = httpx.Client(headers=headers, timeout=20.0, verify=verify, trust_env=False)
        self._waits = waits
        self._stop = threading.Event()
        self._news = threading.Event()
        self._thread = threading.Thread(target=self._run, name="uploader", daemon=True)
        self.refused = 0
        self.unsent = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop within the time of one request."""
        self._stop.set()
        self._news.set()
        self._thread.join(timeout=5.0)
        self._http.close()

    def nudge(self) -> None:
        """Say that a file has been added."""
        self._news.set()

    def _run(self) -> None:
        waits = self._waits()
        while not self._stop.is_set():
            self._news.clear()
            try:
                self._send_all()
                waits = self._waits()
                self._news.wait(LOOK_AGAIN_S)
            except (httpx.HTTPError, OSError) as error:
                log.warning("evidence waits for central", extra={"error": str(error), "files": self.unsent})
                self._stop.wait(next(waits))

    def _send_all(self) -> None:
        files = self._store.waiting()
        self.unsent = len(files)
        for file in files:
            if self._stop.is_set():
                return
            self._send(file)
            self.unsent -= 1

    def _send(self, file: Path) -> None:
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            return  # trimmed meanwhile
        answer = self._http.put(
            f"{self._url}/api/v1/evidence/{file.stem}",
            content=content,
            headers={"Content-Type": MEDIA_TYPES[file.suffix]},
        )
        if answer.status_code in {400, 413, 415, 422}:
            self.refused += 1  # central will never take this one; it must not hold up the rest
            log.error("central refuses evidence", extra={"file": file.name, "status": answer.status_code})
            file.unlink(missing_ok=True)
            return
        answer.raise_for_status()
        self._store.mark_sent(file)
