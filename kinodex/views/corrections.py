"""Lines that a person corrects, and files of corrections and decisions."""

from __future__ import annotations

from datetime import UTC, datetime

from kinodex.schemas.api.exports import ImportedFile
from kinodex.schemas.api.moments import LineShown, LineVersion, LineVersions
from kinodex.usecases.exchange.correcting import correct as write
from kinodex.usecases.exchange.importing import ImportOptions, document, import_file
from kinodex.views.library_view import LibraryView
from kinodex.views.moments import shown
from stores.core.errors import UsageError
from stores.corrections.records import NewText
from stores.listing.lines import line_of


def correct(view: LibraryView, video_id: str, evidence_id: str, text: str | None) -> LineShown:
    """Has a line say what a person wrote from now on, or again what was recognised.

    Args:
        text: None to take back what a person wrote.

    Raises:
        UsageError: UNKNOWN_VIDEO; FORBIDDEN; NOT_FOUND if the video has no such line, or none that can be corrected;
            USAGE if the text is empty or too long.
        StoreError: LIBRARY_LOCKED and the like.
    """
    view.video_to_change(video_id, "edit")
    wanted = [NewText(video_id, evidence_id, text)]
    write(view.store, lambda: view.library.encoders, wanted, view.principal.name)
    return _line(view, video_id, evidence_id)


def versions(view: LibraryView, video_id: str, evidence_id: str) -> LineVersions:
    """What persons wrote for a line, the newest first, and what was recognised.

    Raises:
        UsageError: UNKNOWN_VIDEO; NOT_FOUND.
    """
    view.video(video_id)
    line = _line(view, video_id, evidence_id)
    made = [one for one in view.store.corrections.of_video(video_id) if one.evidence_id == evidence_id]
    return LineVersions(
        line=line,
        original=made[-1].original if made else line.text,
        versions=[
            LineVersion(
                version=one.version,
                text=one.text,
                state=one.state,
                author=one.author,
                made_at=datetime.fromtimestamp(one.made_at, UTC).isoformat(),
            )
            for one in reversed(made)
        ],
    )


def import_bytes(view: LibraryView, name: str, data: bytes, video_id: str = "", *, dry_run: bool) -> ImportedFile:
    """Takes corrections or decisions out of a file, all of them or none.

    Args:
        video_id: of a transcript that does not say which video it is of; "" to go by its name.
        dry_run: only say what would change.

    Raises:
        UsageError: FORBIDDEN; UNKNOWN_VIDEO; USAGE, TOO_LARGE if it cannot be imported.
        StoreError: LIBRARY_LOCKED and the like.
    """
    view.require("edit")
    view.require("review")
    if video_id:
        view.video_to_change(video_id, "edit")
    visible, changeable = view.visible(), view.changeable()
    allowed = None if changeable is None else frozenset(changeable)
    if visible is not None:
        allowed = frozenset(visible) if allowed is None else allowed & frozenset(visible)
    options = ImportOptions(video_id, view.principal.name, dry_run, allowed)
    return document(import_file(view.store, lambda: view.library.encoders, name, data, options))


def _line(view: LibraryView, video_id: str, evidence_id: str) -> LineShown:
    found = line_of(view.store, video_id, evidence_id)
    if found is None:
        raise UsageError("NOT_FOUND", "The video has no such line.", "It may have been recognised again: reload.")
    return shown(view, [found])[0]
