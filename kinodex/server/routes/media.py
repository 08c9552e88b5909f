"""Playing videos: files by range, proxies, exact frames, pictures."""

from __future__ import annotations

import hashlib
import logging
import re
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from kinodex.schemas.api.media import FramesDocument, PeaksDocument, ProxyDocument, SpritesDocument
from kinodex.server.asking import Viewed
from kinodex.server.problems import Responses, errors
from kinodex.server.routes.moments import LATEST
from kinodex.views import media
from stores.core.errors import UsageError

_LOG = logging.getLogger(__name__)

router = APIRouter(prefix="/videos/{video_id}", tags=["media"])

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILE = errors("UNKNOWN_VIDEO", "FILE_MISSING", "FILE_UNREADABLE", "CONFLICT")
_READ = _FILE | errors(
    "FILE_MISSING", "CONFLICT", "NOT_MEDIA", "UNSUPPORTED_CODEC", "TRUNCATED", "DECODE_FAILED", "DECODE_TIMEOUT"
)
_RANGES: Responses = {
    200: {"description": "The whole file.", "content": {"video/*": _BINARY}},
    206: {"description": "The bytes asked for.", "content": {"video/*": _BINARY}},
    304: {"description": "The client has it already."},
    416: {"description": "A range behind the end of the file."},
    **_FILE,
}
PICTURE: Responses = {
    200: {"description": "A JPEG.", "content": {"image/jpeg": _BINARY}},
    304: {"description": "The client has it already."},
    **_READ,
    **errors("NOT_FOUND", "UNKNOWN_VIDEO", "FILE_MISSING"),
}
_TEXT: Responses = {
    200: {"description": "WebVTT.", "content": {"text/vtt": {"schema": {"type": "string"}}}},
    **errors("UNKNOWN_VIDEO"),
}
_ONE_RANGE = r"\s*(?:\d{1,18}-\d{0,18}|-\d{1,18})\s*"
_RANGES_ASKED = re.compile(rf"(?i:bytes)=({_ONE_RANGE}(?:,{_ONE_RANGE}){{0,99}})")
# Kept by the browser of the one who may see it, and asked again each time, so that access that was taken away ends.
_KEPT = {
    "Cache-Control": "private, no-cache",
    "Vary": "Cookie, Authorization",
    "X-Content-Type-Options": "nosniff",
}


@router.get("/media", response_class=FileResponse, responses=_RANGES)
@router.head("/media", name="media_head", response_class=FileResponse, responses=_RANGES)
def media_file(video_id: str, request: Request, view: Viewed) -> Response:
    """The file of a video, whole or by range."""
    return sent(request, media.file(view, video_id))


@router.get("/frames", responses=_READ)
def frames(
    video_id: str,
    view: Viewed,
    start: Annotated[float, Query(ge=0, le=LATEST, allow_inf_nan=False, description="seconds")] = 0.0,
    end: Annotated[
        float | None,
        Query(ge=0, le=LATEST, allow_inf_nan=False, description="seconds; a minute after the start unless given"),
    ] = None,
) -> FramesDocument:
    """Exact times of the frames of a part of a video."""
    return media.frames(view, video_id, start, start + 60 if end is None else end)


@router.get("/frame", response_class=Response, responses=PICTURE)
def frame(
    video_id: str,
    request: Request,
    view: Viewed,
    t: Annotated[float, Query(ge=0, le=LATEST, allow_inf_nan=False, description="seconds")] = 0.0,
    width: Annotated[int, Query(ge=1, le=media.WIDEST, description="pixels; never enlarged")] = 640,
) -> Response:
    """The frame that is shown at a time."""
    headers = {**_KEPT, "ETag": f'"{media.frame_tag(view, video_id, t, width)}"'}
    if _has(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(media.frame(view, video_id, t, width), media_type="image/jpeg", headers=headers)


@router.get("/thumbnails/{name}", response_class=Response, responses=PICTURE)
def thumbnail(video_id: str, name: str, request: Request, view: Viewed) -> Response:
    """A small picture that was stored at ingest."""
    return picture(request, media.thumbnail(view, video_id, name))


@router.get("/proxy", responses=_READ)
def proxy(video_id: str, view: Viewed) -> ProxyDocument:
    """How far the copy of a video is that every browser plays."""
    return media.proxy(view, video_id)


@router.post("/proxy", status_code=202, responses=_READ)
def make_proxy(video_id: str, view: Viewed) -> ProxyDocument:
    """Have a copy of a video made that every browser plays; one that is there or being made is not made again."""
    return media.make_proxy(view, video_id)


@router.post("/proxy/cancel", responses=_READ)
def cancel_proxy(video_id: str, view: Viewed) -> ProxyDocument:
    """No longer make that copy."""
    return media.cancel_proxy(view, video_id)


@router.get("/proxy/media", response_class=FileResponse, responses=_RANGES)
@router.head("/proxy/media", name="proxy_head", response_class=FileResponse, responses=_RANGES)
def proxy_file(video_id: str, request: Request, view: Viewed) -> Response:
    """The copy that every browser plays, whole or by range."""
    return sent(request, media.proxy_file(view, video_id))


@router.get("/sprites", responses=_READ)
def sprites(video_id: str, view: Viewed) -> SpritesDocument:
    """Small pictures of a video, on sheets."""
    return media.sprites(view, video_id)


@router.get("/sprites/{number}.jpg", response_class=Response, responses=PICTURE)
def sprite_sheet(video_id: str, number: int, request: Request, view: Viewed) -> Response:
    """One sheet of small pictures."""
    return picture(request, media.sprite_sheet(view, video_id, number))


@router.get("/peaks", responses=_READ)
def peaks(
    video_id: str,
    view: Viewed,
    buckets: Annotated[int, Query(ge=1, le=20_000, description="at most so many stretches")] = 1000,
) -> PeaksDocument:
    """The shape of the sound of a video."""
    return media.peaks(view, video_id, buckets)


@router.get("/captions.vtt", response_class=Response, responses=_TEXT)
def captions(video_id: str, view: Viewed) -> Response:
    """What was said in a video, as a text track."""
    return Response(media.captions(view, video_id), media_type="text/vtt; charset=utf-8", headers=_KEPT)


def sent(request: Request, served: media.Served) -> Response:
    """A file, by range if that is asked for."""
    _check_ranges(request.headers.get("range"))
    headers = {**_KEPT, "ETag": f'"{served.etag}"'}
    if _has(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return _File(served.path, headers=headers, media_type=served.mime, stat_result=served.about)


class _File(FileResponse):
    """A file in pieces that are large enough: for each of them a thread has to be had, and its turn to run.

    It may become shorter, or go away with its disk, while it is sent: the connection ends before its time, by which a
    client knows.

    Source: measured by `benchmarks/server.py`.
    """

    chunk_size = 512 * 1024

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await super().__call__(scope, receive, noted)
        except (OSError, RuntimeError) as error:
            if not started:
                raise
            _LOG.warning("%r changed while it was sent: %s", Path(self.path).name, error)


def picture(request: Request, data: bytes) -> Response:
    """A picture, unless the client has it."""
    headers = {**_KEPT, "ETag": f'"{hashlib.sha256(data).hexdigest()[:32]}"'}
    if _has(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type="image/jpeg", headers=headers)


def _check_ranges(asked: str | None) -> None:
    """Source: RFC 9110, section 14.2.

    Raises:
        UsageError: USAGE.
    """
    if asked is None:
        return
    whole = _RANGES_ASKED.fullmatch(asked.strip())
    parts = [part.strip().partition("-") for part in whole[1].split(",")] if whole else []
    if not parts or any(last and first and int(first) > int(last) for first, _, last in parts):
        raise UsageError("USAGE", "That range of bytes cannot be understood.", "Ask for one as in: bytes=0-1023")


def _has(request: Request, etag: str) -> bool:
    """Whether the client has this version (RFC 9110, 13.1.2)."""
    asked = request.headers.get("if-none-match", "")
    return asked.strip() == "*" or etag in [one.strip().removeprefix("W/") for one in asked.split(",")]
