"""Files that browsers save."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import BinaryIO
from urllib.parse import quote

import anyio
from fastapi.responses import FileResponse
from starlette.types import Receive, Scope, Send


def attachment(name: str) -> dict[str, str]:
    """Headers of a file that is to be saved under this name, and that nobody but the one who asked may keep."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    return {
        # The name as old clients read it, then as it is (RFC 6266).
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
    }


class OpenedFile(FileResponse):
    """A file that is open already, whole or by range, and closed when it was sent: it may be removed meanwhile."""

    chunk_size = 512 * 1024
    """As for the files of videos, see `kinodex.server.routes.media`."""

    def __init__(self, file: BinaryIO, media_type: str, headers: Mapping[str, str]) -> None:
        self._file = file
        super().__init__(file.name, headers=headers, media_type=media_type, stat_result=os.fstat(file.fileno()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()

    @asynccontextmanager
    async def _open_file(self) -> AsyncIterator[anyio.AsyncFile[bytes]]:
        # What `FileResponse` (Starlette 1.10) calls to open its path.
        yield anyio.wrap_file(self._file)
