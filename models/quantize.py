"""Turns a model into 8-bit integers, calibrated on the pictures that the site itself sees.

Static quantisation with one scale per output channel of each weight; activations as unsigned bytes between the least
and the greatest value that the calibration shows. The last convolutions of the head stay in floating point: what
they give is read as distances and as scores, where a step of a byte would be seen.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import ModelError
from models.head import cut_head

if TYPE_CHECKING:
    import onnx

LEAST_PICTURES = 16  # below this the ranges of the activations are luck


def quantized(name: str, content: bytes, batches: Iterable[npt.NDArray[np.float32]], *, keep_last: int = 0) -> bytes:
    """Return the ONNX file `content` in 8-bit integers (QDQ).

    batches: (1, 3, height, width) each, prepared as the model's input.   keep_last: so many more convolutions before
    the last ones stay in floating point. Raises `ModelError`.
    """
    import onnx

    model = onnx.load_from_string(content)
    cut_head(model)
    model.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")  # it comes optimised
    kept = _kept_in_float(model, keep_last)
    with tempfile.TemporaryDirectory(prefix="ioc-quantize-") as folder, _quiet():
        target = Path(folder) / "int8.onnx"
        try:
            _quantize(model, target, batches, kept)
        except ModelError:
            raise
        except Exception as error:
            raise ModelError(f"{name}: cannot be quantised: {error}") from error
        return target.read_bytes()


def _quantize(
    model: onnx.ModelProto, target: Path, batches: Iterable[npt.NDArray[np.float32]], kept: list[str]
) -> None:
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    quantize_static(
        model,
        target,
        _reader(model.graph.input[0].name, batches),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=kept,
        calibrate_method=CalibrationMethod.MinMax,
    )


def _reader(name: str, batches: Iterable[npt.NDArray[np.float32]]) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._batches: Iterator[npt.NDArray[np.float32]] = iter(batches)

        def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
            batch = next(self._batches, None)
            return None if batch is None else {name: batch}

    return Reader()


def _kept_in_float(model: onnx.ModelProto, more: int) -> list[str]:
    """Return the nodes from the last convolutions to the outputs, and the `more` convolutions before them."""
    made_by = {name: node for node in model.graph.node for name in node.output}
    kept: dict[str, Any] = {}
    waiting = [output.name for output in model.graph.output]
    while waiting:
        node = made_by.get(waiting.pop())
        if node is None or node.name in kept:
            continue
        kept[node.name] = node
        waiting += [] if node.op_type == "Conv" else list(node.input)
    before = [node.name for node in model.graph.node if node.op_type == "Conv" and node.name not in kept]
    return [*kept, *before[len(before) - more :]]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the quantiser's remarks, made through the root logger, from the user's screen."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(before)
