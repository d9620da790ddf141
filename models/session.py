"""Runs one model: checked, warmed up, on the accelerator that the configuration prefers."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy.typing as npt
import onnxruntime as ort

from models.errors import ModelError
from models.plugins import openvino_devices

Provider: TypeAlias = Literal["cpu", "cuda", "tensorrt", "openvino"]
Array: TypeAlias = npt.NDArray[Any]

PROVIDERS: Mapping[Provider, str] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}

OPENVINO = PROVIDERS["openvino"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """providers: in order of preference.   threads: 0 means one for each core this process may use.
    spinning: threads wait for work by turning in circles: faster alone, costly beside decoders.
    """

    providers: tuple[Provider, ...] = ("cpu",)
    threads: int = 0
    spinning: bool = False


class Session:
    """A loaded model. `run` may be called from several threads."""

    def __init__(self, name: str, content: bytes, settings: SessionSettings = SessionSettings()) -> None:
        """Load `content`, an ONNX file whose hash the caller has checked. Raises `ModelError`."""
        self.name = name
        ort.disable_telemetry_events()  # nothing about a province's cameras is told to anyone
        options = _options(settings)
        wanted = _available(name, settings.providers)
        plugged = wanted[0] == OPENVINO and OPENVINO not in ort.get_available_providers()
        if plugged:
            options.add_provider_for_devices(openvino_devices()[:1], {"num_of_threads": str(_threads(settings))})
        try:
            self._session = ort.InferenceSession(content, options, providers=None if plugged else wanted)
        except Exception as error:
            raise ModelError(f"{name}: onnxruntime cannot load it: {_first_line(error)}") from error
        self.providers: list[str] = self._session.get_providers()
        if self.providers[0] != wanted[0]:
            log.warning("provider fell back", extra={"model": name, "wanted": wanted[0], "used": self.providers[0]})
        self._inputs = {node.name: node for node in self._session.get_inputs()}
        self._outputs = [node.name for node in self._session.get_outputs()]

    @property
    def input_names(self) -> tuple[str, ...]:
        return tuple(self._inputs)

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Shape of the first input; None where any size is taken."""
        shape = next(iter(self._inputs.values())).shape
        return tuple(size if isinstance(size, int) else None for size in shape)

    def run(self, batch: Array, **others: Array) -> list[Array]:
        """Return the outputs for `batch`, the first input; other inputs by name. Raises `ModelError`."""
        try:
            feeds = {next(iter(self._inputs)): batch, **others}
            outputs: list[Array] = self._session.run(self._outputs, feeds)
        except Exception as error:
            raise ModelError(f"{self.name}: inference failed: {_first_line(error)}") from error
        return outputs


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _threads(settings: SessionSettings) -> int:
    return settings.threads or cores()


def _options(settings: SessionSettings) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = _threads(settings)
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if settings.spinning else "0")
    return options


def _available(name: str, providers: Sequence[Provider]) -> list[str]:
    """Return the wanted providers that this onnxruntime has, the CPU last in any case."""
    here = set(ort.get_available_providers())
    if "openvino" in providers and openvino_devices():
        here.add(OPENVINO)
    for provider in providers:
        if PROVIDERS[provider] not in here:
            log.warning("provider is not installed", extra={"model": name, "provider": provider, "have": sorted(here)})
    wanted = [PROVIDERS[provider] for provider in providers if PROVIDERS[provider] in here]
    return list(dict.fromkeys([*wanted, PROVIDERS["cpu"]]))


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
