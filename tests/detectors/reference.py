"""A second, plain way from a picture to boxes: another runtime (OpenCV's), written as formulas without our code."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Found:
    """box: x0 y0 x1 y1 in pixels of the picture."""

    box: Box
    score: float
    label: int


def yolov8(model: bytes, bgr: np.ndarray, width: int, height: int, floor: float, overlap: float) -> list[Found]:
    padded, zoom, left, top = letterboxed(bgr, width, height, centre=True)
    blob = cv2.dnn.blobFromImage(padded, 1 / 255, swapRB=True)
    (output,) = run(model, blob)
    found = []
    for column in output[0].T:
        label = int(np.argmax(column[4:]))
        if column[4 + label] >= floor:
            cx, cy, w, h = column[:4]
            box = (cx - w / 2 - left, cy - h / 2 - top, cx + w / 2 - left, cy + h / 2 - top)
            found.append(Found(tuple(float(v) / zoom for v in box), float(column[4 + label]), label))
    return greedy(found, overlap)


def yolox(model: bytes, bgr: np.ndarray, width: int, height: int, floor: float, overlap: float) -> list[Found]:
    padded, zoom, _, _ = letterboxed(bgr, width, height, centre=False)
    (output,) = run(model, cv2.dnn.blobFromImage(padded))
    found, row = [], 0
    for stride in (8, 16, 32):
        for y in range(height // stride):
            for x in range(width // stride):
                values = output[0][row]
                row += 1
                label = int(np.argmax(values[5:]))
                score = float(values[4] * values[5 + label])
                if score >= floor:
                    cx, cy = (values[0] + x) * stride, (values[1] + y) * stride
                    w, h = np.exp(values[2]) * stride, np.exp(values[3]) * stride
                    box = (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
                    found.append(Found(tuple(float(v) / zoom for v in box), score, label))
    return greedy(found, overlap)


def letterboxed(bgr: np.ndarray, width: int, height: int, *, centre: bool) -> tuple[np.ndarray, float, int, int]:
    zoom = min(width / bgr.shape[1], height / bgr.shape[0])
    w, h = round(bgr.shape[1] * zoom), round(bgr.shape[0] * zoom)
    left, top = ((width - w) // 2, (height - h) // 2) if centre else (0, 0)
    padded = np.full((height, width, 3), 114, np.uint8)
    way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    padded[top : top + h, left : left + w] = cv2.resize(bgr, (w, h), interpolation=way)
    return padded, zoom, left, top


def run(model: bytes, blob: np.ndarray) -> list[np.ndarray]:
    net = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
    net.setInput(blob)
    return list(net.forward(net.getUnconnectedOutLayersNames()))


def greedy(found: list[Found], overlap: float) -> list[Found]:
    kept: list[Found] = []
    for one in sorted(found, key=lambda f: -f.score):
        if all(one.label != other.label or iou(one.box, other.box) <= overlap for other in kept):
            kept.append(one)
    return kept


def iou(a: Box, b: Box) -> float:
    wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    high = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    together = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - wide * high
    return wide * high / together if together > 0 else 0.0
