"""Several files as one download."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A ZIP archive of files (name, bytes); the same files make the same archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            add(archive, name, data)
    return out.getvalue()


def add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Puts a file into an archive, without the time at which that happens."""
    archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
