"""Remember what the detector said of each picture: tuning what comes after it then costs seconds, not hours."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from common.config import ConfigError
from detectors.detections import Detections
from detectors.picture import Picture

COMMIT_EVERY: Final = 50  # pictures: what an interrupted run may lose


class KnownBoxes:
    """Wraps a detector; `key` names everything besides the picture that its answer depends on (model, version)."""

    def __init__(self, file: Path, key: str, detect: Callable[[Picture], Detections]) -> None:
        self._detect, self._key = detect, key
        self._new = 0
        try:
            self._db = sqlite3.connect(file)
            self._db.execute("CREATE TABLE IF NOT EXISTS boxes (digest TEXT PRIMARY KEY, said TEXT NOT NULL)")
        except sqlite3.Error as error:
            raise ConfigError(f"{file}: no file of remembered boxes: {error}") from error

    def __call__(self, picture: Picture) -> Detections:
        digest = hashlib.blake2b(self._key.encode() + picture.bgr().tobytes(), digest_size=20).hexdigest()
        row = self._db.execute("SELECT said FROM boxes WHERE digest = ?", (digest,)).fetchone()
        if row is not None:
            return _read(row[0])
        found = self._detect(picture)
        self._db.execute("INSERT INTO boxes VALUES (?, ?)", (digest, _written(found)))
        self._new += 1
        if self._new % COMMIT_EVERY == 0:
            self._db.commit()
        return found

    def close(self) -> None:
        self._db.commit()
        self._db.close()


def _written(found: Detections) -> str:
    return json.dumps([found.boxes.tolist(), found.scores.tolist(), found.labels.tolist()])


def _read(said: str) -> Detections:
    boxes, scores, labels = json.loads(said)
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32), np.array(labels, np.str_)
    )
