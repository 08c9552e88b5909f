"""Folders of this machine that may be ingested through a door, and what is in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kinodex.jobs.permission import check_path, roots_of
from kinodex.schemas.api.jobs import FolderEntry, FolderListing
from stores.core.errors import UsageError

if TYPE_CHECKING:
    from kinodex.views.library_view import LibraryView

LISTED = 1_000
"""Entries of a folder that are listed. Source: our choice: nobody chooses from more by eye."""


def allowed_roots(view: LibraryView) -> tuple[Path, ...] | None:
    """The folders in which files may be ingested; None for any (`kinodex.jobs.permission.roots_of`)."""
    return roots_of(view.settings.server, view.principal)


def allowed_path(view: LibraryView, text: str) -> Path:
    """A path that may be ingested, with all links followed. Whether something is there is not said.

    Raises:
        UsageError: USAGE if it is not absolute; FORBIDDEN if it is in none of the folders.
    """
    path = Path(text)
    if not path.is_absolute() or "\0" in text:
        raise UsageError("USAGE", "A path must be absolute.", "Choose one with GET /api/v1/folders.")
    path = _resolved(path)
    check_path(path, allowed_roots(view))
    return path


def folder(view: LibraryView, text: str = "") -> FolderListing:
    """What is in a folder: folders and videos, by name; "" for the folders to begin with.

    Raises:
        UsageError: FORBIDDEN as `LibraryView.require` (jobs) and `allowed_path`; NOT_FOUND if there is no such folder.
    """
    view.require("jobs")
    roots = allowed_roots(view)
    if not text and roots is not None:
        begin = [FolderEntry(name=root.name or str(root), path=str(root), size=None) for root in roots]
        return FolderListing(path="", parent=None, folders=begin, files=[], more=0)
    path = allowed_path(view, text) if text else Path.home()
    try:
        with os.scandir(path) as found:
            entries = sorted(_listed(found), key=lambda one: (one.size is not None, one.name.casefold()))
    except OSError:
        raise UsageError("NOT_FOUND", "There is no such folder, or it cannot be read.") from None
    shown = entries[:LISTED]
    return FolderListing(
        path=str(path),
        parent=_parent(path, roots),
        folders=[one for one in shown if one.size is None],
        files=[one for one in shown if one.size is not None],
        more=len(entries) - len(shown),
    )


def _listed(found: Iterator[os.DirEntry[str]]) -> Iterator[FolderEntry]:
    from workflows.discover import VIDEO_SUFFIXES

    for entry in found:
        # Hidden ones are not ingested either; names that are not UTF-8 cannot be sent as JSON.
        if entry.name.startswith(".") or not entry.name.isprintable():
            continue
        try:
            if entry.is_dir():
                yield FolderEntry(name=entry.name, path=entry.path, size=None)
            elif Path(entry.name).suffix.lower() in VIDEO_SUFFIXES and entry.is_file():
                yield FolderEntry(name=entry.name, path=entry.path, size=entry.stat().st_size)
        except OSError:
            continue


def _parent(path: Path, roots: tuple[Path, ...] | None) -> str | None:
    if roots is None:
        return str(path.parent) if path.parent != path else None
    return "" if path in roots else str(path.parent)


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a circle of links
        raise UsageError("NOT_FOUND", "That path leads in a circle.") from None
