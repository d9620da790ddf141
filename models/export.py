"""Makes ONNX weights and a card out of any Ultralytics detector. Needs the extra `train`; nothing else here does."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from models.card import InputCard, ModelCard, default_dir
from models.errors import ModelError
from models.reshape import reshaped
from models.session import Session, SessionSettings
from models.store import add

END_TO_END_COLUMNS = 6  # x0 y0 x1 y1 score class
OTHER_SIZE = (416, 320)
VEHICLES = (("car", "truck", "bus", "train"), ("bicycle", "motorcycle"))


def export_ultralytics(
    model: str, *, width: int, height: int, name: str | None = None, models_dir: Path | None = None
) -> tuple[ModelCard, Path]:
    """Return the card and the weights file made of `model`: a name that Ultralytics knows, or a .pt or .yaml file.

    Ultralytics fetches weights that it knows by name from its own release page, without a hash of ours: the card's
    hash says what came. A .pt file is a Python pickle and runs code when it is loaded: use only files you trust.
    Raises `ModelError`.
    """
    given = Path(model).resolve() if Path(model).is_file() else None
    called = name or re.sub(r"[^a-z0-9._-]+", "-", Path(model).stem.lower())
    with tempfile.TemporaryDirectory(prefix="ioc-export-") as folder, contextlib.chdir(folder):
        loaded, made_by = _load(str(given or _file_name(model)))
        if loaded.task != "detect":
            raise ModelError(f"{model}: is made to {loaded.task}, not to detect")
        content = _export(loaded, width, height, model)
        layout = _layout(loaded, content)
    card = ModelCard(
        name=called,
        version=f"ultralytics {made_by}",
        sha256=hashlib.sha256(content).hexdigest(),
        licence="AGPL-3.0",
        terms="Exported with Ultralytics; its models are AGPL-3.0 unless you hold its enterprise licence.",
        classes=tuple(loaded.names[i] for i in range(len(loaded.names))),
        input=InputCard(
            width=width,
            height=height,
            fit="stretch" if layout == "rtdetr" else "letterbox",  # as each family is trained
            reshape=_fits_any_size(called, content, layout),
        ),
        layout=layout,
        alike=tuple(group for group in VEHICLES if set(group) <= set(loaded.names.values())),
    )
    return card, add(card, content, models_dir or default_dir())


def _file_name(model: str) -> str:
    return model if Path(model).suffix else f"{model}.pt"


def _load(model: str) -> tuple[Any, str]:
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")  # it would install packages on its own
    try:
        import ultralytics
    except ImportError as error:
        raise ModelError("exporting needs the extra 'train': pip install 'ioc-edge[train]'") from error
    kind = ultralytics.RTDETR if "rtdetr" in model.lower() else ultralytics.YOLO
    try:
        return kind(model), str(ultralytics.__version__)
    except Exception as error:
        raise ModelError(f"{model}: Ultralytics cannot load it: {error}") from error


def _export(loaded: Any, width: int, height: int, model: str) -> bytes:
    try:
        path = loaded.export(format="onnx", imgsz=[height, width], opset=17, simplify=False, nms=False)
    except Exception as error:
        raise ModelError(f"{model}: Ultralytics cannot export it: {error}") from error
    return Path(path).read_bytes()


def _layout(loaded: Any, content: bytes) -> str:
    """Return how the exported output is read; heads without NMS are exported as such where there is a choice."""
    import onnx

    if type(loaded).__name__ == "RTDETR":
        return "rtdetr"
    (output,) = onnx.load_from_string(content).graph.output
    return "end-to-end" if output.type.tensor_type.shape.dim[-1].dim_value == END_TO_END_COLUMNS else "yolov8"


def _fits_any_size(name: str, content: bytes, layout: str) -> bool:
    """Return whether the graph can be rewritten for another size, by trying."""
    if layout != "yolov8":
        return False
    try:
        session = Session(name, reshaped(name, content, *OTHER_SIZE), SessionSettings(threads=1))
        session.run(np.zeros((2, 3, OTHER_SIZE[1], OTHER_SIZE[0]), np.float32))
    except ModelError:
        return False
    return True
