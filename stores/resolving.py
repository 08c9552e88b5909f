"""Finds the one video that a user's text means."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import Connection, select

from stores.core.errors import UsageError
from stores.core.uris import uri_of
from stores.sql.tables import LocationRow, VideoRow

_PREFIX = "vid_"
_SHORTEST_PREFIX = 4
_NAMED = 3

_COMPARED = 5_000
"""Names and ids compared with a text that matches nothing: about a second. Source: our choice."""


def resolve(connection: Connection, text: str, among: Collection[str] | None = None) -> str:
    """The id of the video that ``text`` means.

    Tried in this order: an id; a uri or path; a file name, with or without its extension; the beginning of
    an id of at least four hex digits, with or without ``vid_``.

    Args:
        among: ids of the only videos that there are for who asks; None: all. What an error says is the same as in a
            library without the others.

    Raises:
        UsageError: UNKNOWN_VIDEO if no video or more than one matches.
    """
    is_id = select(VideoRow.video_id).where(VideoRow.video_id == text)
    if _storable([text]) and (among is None or text in among) and connection.execute(is_id).first():
        return text
    for fitting in _fitting(text):
        found = set(connection.execute(fitting.distinct().order_by(fitting.selected_columns[0])).scalars())
        several = sorted(found if among is None else found.intersection(among))
        if len(several) == 1:
            return str(several[0])
        if several:
            shown = ", ".join(several[:_NAMED]) + (", …" if len(several) > _NAMED else "")
            message = f"{text!r} matches {len(several)} videos: {shown}."
            raise UsageError("UNKNOWN_VIDEO", message, "Give the id or the whole path.")
    message = f"No video of this library is {text!r}."
    if among is not None:
        # Similar names may be those of others.
        raise UsageError("UNKNOWN_VIDEO", message)
    raise UsageError("UNKNOWN_VIDEO", message, _near(connection, text))


def _fitting(text: str) -> Iterator[Any]:
    located = select(LocationRow.video_id)
    yield located.where(LocationRow.uri.in_(_storable([text, _as_uri(text)])))
    # A name with a line break, say, is escaped in the uri.
    names = _storable([text] if "/" in text else [text, PurePosixPath(_as_uri(text)).name])
    yield located.where(LocationRow.name.in_(names))
    yield located.where(LocationRow.stem.in_(names))
    start = text.removeprefix(_PREFIX)
    if len(start) >= _SHORTEST_PREFIX and start.isascii() and start.isalnum():
        first = _PREFIX + start
        # Ids are compared by bytes, so that an index serves.
        after = first[:-1] + chr(ord(first[-1]) + 1)
        yield select(VideoRow.video_id).where(VideoRow.video_id >= first, VideoRow.video_id < after)


def _storable(texts: Sequence[str]) -> list[str]:
    """Those that a table can store: file names that are not text are escaped in uris."""
    return [text for text in texts if text.isprintable() or text.encode(errors="replace").decode() == text]


def _as_uri(text: str) -> str:
    try:
        return uri_of(Path(text))
    except (ValueError, OSError):
        return text


def _near(connection: Connection, text: str) -> str:
    names = _names(connection, LocationRow.name.icontains(text.encode(errors="replace").decode(), autoescape=True))
    part = [name for name in names if text.casefold() in name.casefold()]
    near = part[:_NAMED]
    if len(near) < _NAMED:
        names = _names(connection, None)
        ids: Sequence[str] = (
            connection.execute(select(VideoRow.video_id).order_by(VideoRow.video_id).limit(_COMPARED)).scalars().all()
        )
        near = list(dict.fromkeys([*part, *get_close_matches(text, [*names, *ids], n=_NAMED, cutoff=0.5)]))
    if not near:
        return "`kinodex videos` lists all."
    return f"Did you mean {' or '.join(near[:_NAMED])}?"


def _names(connection: Connection, where: Any) -> list[str]:
    chosen = select(LocationRow.name).distinct().order_by(LocationRow.name).limit(_COMPARED)
    return sorted(connection.execute(chosen if where is None else chosen.where(where)).scalars())
