"""Load a model when it is first needed, and try again later when that fails: a bad file must not need a restart."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from detectors.detections import Detections
from detectors.detector import Detector
from detectors.picture import Picture
from models.errors import ModelError

log = logging.getLogger(__name__)


class LazyDetector:
    """A `Detector` that may not be there yet. While it is not, `detect` raises `ModelError` at once."""

    def __init__(
        self, load: Callable[[], Detector], *, retry_s: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._load = load
        self._retry_s = retry_s
        self._clock = clock
        self._lock = threading.Lock()
        self._detector: Detector | None = None
        self._failed: ModelError | None = None
        self._failed_s = 0.0

    @property
    def labels(self) -> tuple[str, ...]:
        return self._detector.labels if self._detector else ()

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        return self.ready().detect(pictures)

    def ready(self) -> Detector:
        """Return the loaded detector. Raises ModelError while it cannot be had."""
        if self._detector is not None:
            return self._detector
        with self._lock:
            if self._detector is None:
                self._detector = self._try_to_load()
            return self._detector

    def _try_to_load(self) -> Detector:
        if self._failed is not None and self._clock() - self._failed_s < self._retry_s:
            raise self._failed
        try:
            detector = self._load()
        except ModelError as error:
            log.error("model cannot be used", extra={"error": str(error), "next_try_s": self._retry_s})
            self._failed, self._failed_s = error, self._clock()
            raise
        self._failed = None
        return detector
