"""Which device decodes: the configured one, or software with the reason why, said once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, TypeAlias, cast

import av
from av.codec.hwaccel import HWAccel, hwdevices_available
from av.error import FFmpegError

log = logging.getLogger(__name__)

Decoding: TypeAlias = Literal["software", "vaapi", "cuda", "auto"]
_AUTO: Final = ("cuda", "vaapi")
_GIVES_UP_AFTER: Final = 3  # errors in a row before any picture: the device, not the stream, is broken


class Hardware:
    """Makes decoders. What a device could not do once for a codec it is not asked for again. Thread-safe."""

    def __init__(
        self,
        wanted: Decoding = "software",
        *,
        available: Callable[[], Sequence[str]] = hwdevices_available,
        create: Callable[..., Any] = av.CodecContext.create,
    ) -> None:
        self._devices = () if wanted == "software" else _AUTO if wanted == "auto" else (wanted,)
        self._available, self._create = available, create
        self._refused: dict[tuple[str, str], str] = {}  # device, codec → why
        self._lock = threading.Lock()

    def context(self, codec: str) -> tuple[av.VideoCodecContext, str]:
        """Return (a decoder that is not open yet, who decodes: "cuda", "vaapi" or "software")."""
        for device in self._devices:
            if (device, codec) in self._refused:
                continue
            try:
                return self._on(device, codec), device
            except (FFmpegError, ValueError, RuntimeError, OSError, NotImplementedError) as error:
                self.refuse(device, codec, str(error))
        return cast(av.VideoCodecContext, self._create(codec, "r")), "software"

    def refuse(self, device: str, codec: str, why: str) -> None:
        """Remember that a device cannot decode a codec, and say so once."""
        with self._lock:
            if (device, codec) in self._refused:
                return
            self._refused[device, codec] = f"{device}: {why}"
        log.warning("decoding falls back to software", extra={"device": device, "codec": codec, "reason": why})

    def gives_up(self, device: str, codec: str, errors_in_a_row: int, error: Exception) -> bool:
        """True when a device that has only failed so far is given up for this codec."""
        if device == "software" or errors_in_a_row < _GIVES_UP_AFTER:
            return False
        self.refuse(device, codec, str(error))
        return True

    def why_not(self, codec: str) -> str | None:
        """Return why the wanted device does not decode this codec; None when it does, or was not wanted."""
        reasons = [self._refused[device, codec] for device in self._devices if (device, codec) in self._refused]
        return "; ".join(reasons) if reasons and len(reasons) == len(self._devices) else None

    def _on(self, device: str, codec: str) -> av.VideoCodecContext:
        if device not in self._available():
            raise RuntimeError("this build of libav knows no such device")
        context = self._create(codec, "r", hwaccel=HWAccel(device, allow_software_fallback=False))
        if not context.is_hwaccel:
            raise RuntimeError(f"it does not decode {codec}")
        return cast(av.VideoCodecContext, context)


SOFTWARE: Final = Hardware()
