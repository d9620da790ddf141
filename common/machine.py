"""What machine this is: printed with every measurement, because a figure without it means nothing."""

from __future__ import annotations

import importlib.metadata
import platform
from pathlib import Path

import psutil


def version() -> str:
    """Return the installed version of the product."""
    return importlib.metadata.version("ioc-edge")


def machine_facts(*, providers: list[str] | None = None, device: str = "cpu") -> dict[str, object]:
    """Return the `machine` object that every `--json` result carries."""
    return {
        "cpu": _cpu_name(),
        "cores": len(psutil.Process().cpu_affinity() or [0]) if hasattr(psutil.Process, "cpu_affinity") else 0,
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "os": platform.platform(),
        "python": platform.python_version(),
        "onnxruntime": importlib.metadata.version("onnxruntime"),
        "providers": providers or ["CPUExecutionProvider"],
        "device": device,
    }


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
