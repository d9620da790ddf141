"""Accelerators that come as a plugin beside onnxruntime instead of as another build of it: OpenVINO."""

from __future__ import annotations

import functools
import importlib
import logging
from typing import Any

import onnxruntime as ort

PACKAGE = "onnxruntime_ep_openvino"
NAME = "OpenVINOExecutionProvider"

log = logging.getLogger(__name__)


def openvino_devices() -> list[Any]:
    """Return the devices that OpenVINO's plugin offers here, the first of its choice first; none where it is absent.

    The plugin offers Intel processors, graphics and NPUs only.
    """
    return _offered() if _registered() else []


@functools.cache  # onnxruntime keeps a plugin for the life of the process and refuses it a second time
def _registered() -> bool:
    try:
        package = importlib.import_module(PACKAGE)
        ort.register_execution_provider_library(PACKAGE, package.get_library_path())
    except ImportError:
        return False
    except Exception as error:  # noqa: BLE001  onnxruntime raises a dozen unrelated types
        log.info("the OpenVINO plugin cannot be used", extra={"error": str(error)})
        return False
    if not _offered():
        log.info("the OpenVINO plugin finds no Intel device on this machine")
    return True


def _offered() -> list[Any]:
    return [device for device in ort.get_ep_devices() if device.ep_name == NAME]
