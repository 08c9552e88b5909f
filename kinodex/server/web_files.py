"""The web app: built files, served as they are."""

from __future__ import annotations

import mimetypes
from pathlib import Path, PurePosixPath

from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.requests import Request

DIST = Path(__file__).parents[1] / "web" / "dist"
"""Where the build lies, in a checkout as in the wheel."""

_NO_PAGES = ("api", "mcp", "v1", "assets")
"""First parts of paths that are never pages of the app."""

_ENCODED = {"br": ".br", "gzip": ".gz"}

_IMMUTABLE = "public, max-age=31536000, immutable"

_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Kinodex</title></head>
<body><h1>Kinodex</h1>
<p>The web app is not built. The API answers under <a href="/api/v1/health">/api/v1</a>.</p>
<p>In a checkout, <code>make web</code> builds it.</p></body></html>
"""


class WebFiles:
    """The files of a build.

    Args:
        root: folder with ``index.html`` and ``assets/``, whose names change with their content; beside a file may lie
            what it is compressed (``.br``, ``.gz``).
    """

    def __init__(self, root: Path = DIST) -> None:
        self._files = {one.relative_to(root).as_posix(): one for one in root.rglob("*") if one.is_file()}

    @property
    def built(self) -> bool:
        """Whether there is an app to serve."""
        return "index.html" in self._files

    def answer(self, request: Request) -> Response | None:
        """The file or page at a path; None where there is none."""
        if request.method not in ("GET", "HEAD"):
            return None
        path = request.url.path.lstrip("/")
        if path in self._files:
            return self._file(path, request)
        if PurePosixPath(path).suffix and not path.startswith("videos/"):
            return None
        if path.split("/", 1)[0] in _NO_PAGES:
            return None
        return self._file("index.html", request) if self.built else HTMLResponse(_NOT_BUILT, headers=_fresh())

    def _file(self, path: str, request: Request) -> Response:
        media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
        headers = {"Cache-Control": _IMMUTABLE} if path.startswith("assets/") else _fresh()
        headers["Vary"] = "Accept-Encoding"
        accepted = {one.split(";")[0].strip() for one in request.headers.get("accept-encoding", "").split(",")}
        for name, suffix in _ENCODED.items():
            if name in accepted and path + suffix in self._files:
                headers["Content-Encoding"] = name
                return FileResponse(self._files[path + suffix], media_type=media_type, headers=headers)
        return FileResponse(self._files[path], media_type=media_type, headers=headers)


def _fresh() -> dict[str, str]:
    return {"Cache-Control": "no-cache"}
