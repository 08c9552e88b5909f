"""Where pages and pictures are: paths within the one site that serves the API and the web app."""

from __future__ import annotations

from urllib.parse import quote

API = "/api/v1"


def video(video_id: str) -> str:
    """Of the API about a video."""
    return f"{API}/videos/{quote(video_id, safe='')}"


def thumbnail(video_id: str, name: str) -> str | None:
    """A picture of a video by the name of its blob; None where there is none."""
    return f"{video(video_id)}/thumbnails/{quote(name, safe='')}" if name else None


def sprites(video_id: str) -> str:
    """What the pictures of a video lie in."""
    return f"{video(video_id)}/sprites"


def frame(video_id: str, seconds: float, width: int = 640) -> str:
    """The frame that is shown at a time."""
    return f"{video(video_id)}/frame?t={seconds:.3f}&width={width}"


def page(video_id: str, seconds: float | None = None) -> str:
    """The page on which a person plays a video, from a time on."""
    at = "" if seconds is None else f"?t={seconds:.3f}".rstrip("0").rstrip(".")
    return f"/videos/{quote(video_id, safe='')}{at}"
