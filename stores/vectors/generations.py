"""Which folder holds the embedded vector index: it can be replaced by a new one in a single step.

The first index lies in ``vectors/`` itself. A rebuilt one is made in a fresh folder inside it, and the file
``vectors/current`` then names that folder; writing that file is one rename, so at every moment one whole index counts.
A new name, and not the old one used again, because Chroma shares what it has opened by path within a process.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from stores.files.blobs import sync_folder, write_whole
from stores.sql.faults import storage_faults

_POINTER = "current"
_PREFIX = "index-"


def current_folder(path: Path) -> Path:
    """The folder of the index that counts, which need not exist.

    Args:
        path: ``vectors/`` of the library.
    """
    try:
        return path / (path / _POINTER).read_text(encoding="ascii")
    except (FileNotFoundError, NotADirectoryError):
        return path


def fresh_folder(path: Path) -> Path:
    """A folder, not made yet, for the next index; what an interrupted rebuild left there is removed."""
    here = current_folder(path)
    number = int(here.name.removeprefix(_PREFIX)) if here != path else 0
    folder = path / f"{_PREFIX}{number + 1:04d}"
    with storage_faults(f"Making {folder}"):
        if folder.exists():
            shutil.rmtree(folder)
    return folder


def switch_to(folder: Path) -> None:
    """Makes the index in ``folder`` the one that counts.

    Raises:
        StoreError: DISK_FULL or LIBRARY_READ_ONLY.
    """
    with storage_faults(f"Switching to {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder)
        write_whole(folder.parent / _POINTER, folder.name.encode("ascii"))
        sync_folder(folder.parent)


def stale_generations(path: Path) -> list[Path]:
    """Files and folders of indexes that do not count: older ones, and those of interrupted rebuilds."""
    if not path.is_dir():
        return []
    here = current_folder(path)
    if here == path:
        return sorted(path.glob(f"{_PREFIX}*"))
    return sorted(entry for entry in path.iterdir() if entry != here and entry.name != _POINTER)


def stale_bytes(path: Path) -> int:
    """How much room they take."""
    files = (file for entry in stale_generations(path) for file in (entry.rglob("*") if entry.is_dir() else [entry]))
    return sum(file.stat().st_size for file in files if file.is_file())


def remove_stale(path: Path) -> None:
    """Removes them.

    Raises:
        StoreError: LIBRARY_READ_ONLY.
    """
    for entry in stale_generations(path):
        with storage_faults(f"Removing {entry}"):
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink(missing_ok=True)
