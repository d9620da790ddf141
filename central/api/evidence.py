"""Pictures and clips in and out, by hash."""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import FileResponse

from central.api.house import HouseDep, NodeToken, Reader
from central.api.problems import Problem
from central.evidence import LARGEST_BYTES, EvidenceRefused

log = logging.getLogger(__name__)
router = APIRouter(prefix="/api/v1/evidence", tags=["evidence"])

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


@router.put("/{sha256}", status_code=201)
async def put_evidence(sha256: Sha256, request: Request, house: HouseDep, _who: NodeToken) -> Response:
    """Store a JPEG picture or an MP4 clip; the body must match the hash. Repeating it does no harm."""
    declared = request.headers.get("Content-Length", "0")
    if declared.isdecimal() and int(declared) > LARGEST_BYTES:
        raise Problem(413, f"larger than {LARGEST_BYTES} bytes")
    if house.evidence.find(sha256) is not None:
        return Response(status_code=204)
    try:
        waiting = await house.evidence.add(sha256, request.stream())
    except EvidenceRefused as error:
        raise Problem(error.status, str(error)) from error
    except OSError as error:
        log.error("evidence cannot be kept", extra={"error": str(error)})
        raise Problem(507, "the disk of central takes no more; keep it and try again") from error
    house.tell_of(waiting)
    return Response(status_code=201)


@router.get("/{sha256}", response_class=FileResponse)
def get_evidence(sha256: Sha256, house: HouseDep, _who: Reader) -> FileResponse:
    """The picture or clip. Its name is its content's hash, so it never changes."""
    found = house.evidence.find(sha256)
    if found is None:
        raise Problem(404, "not here yet, or not any more")
    file, media_type = found
    return FileResponse(file, media_type=media_type, headers={"Cache-Control": "private, max-age=31536000, immutable"})
