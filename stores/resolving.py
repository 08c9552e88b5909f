"""From what somebody typed to the one video that is meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from stores.core.errors import UsageError
from stores.core.uris import uri_of

_PREFIX = "vid_"
_SHORTEST_PREFIX = 4
_NAMED = 3


def resolved(text: str, video_ids: Sequence[str], places: Sequence[tuple[str, str]]) -> str:
    """The id of the video that ``text`` means.

    Tried in this order: an id; a uri or path; a file name, with or without its extension; the beginning of
    an id of at least four hex digits, with or without ``vid_``.

    Args:
        places: (uri, video id) of every known file.

    Raises:
        UsageError: UNKNOWN_VIDEO if nothing or more than one video fits.
    """
    if text in video_ids:
        return text
    names = {uri: PurePosixPath(uri) for uri, _ in places}
    typed = _as_uri(text)
    # A name with a line break, say, stands escaped in the uri.
    name = (text, PurePosixPath(typed).name) if "/" not in text else (text,)
    for fits in (
        [video for uri, video in places if uri in (text, typed)],
        [video for uri, video in places if names[uri].name in name],
        [video for uri, video in places if names[uri].stem in name],
        _by_prefix(text, video_ids),
    ):
        several = sorted(set(fits))
        if len(several) == 1:
            return several[0]
        if several:
            shown = ", ".join(several[:_NAMED]) + (", …" if len(several) > _NAMED else "")
            message = f"{text!r} fits {len(several)} videos: {shown}."
            raise UsageError("UNKNOWN_VIDEO", message, "Give the id or the whole path.")
    raise UsageError("UNKNOWN_VIDEO", f"No video of this library is {text!r}.", _near(text, video_ids, names.values()))


def _as_uri(text: str) -> str:
    try:
        return uri_of(Path(text))
    except (ValueError, OSError):
        return text


def _by_prefix(text: str, video_ids: Sequence[str]) -> list[str]:
    start = text.removeprefix(_PREFIX)
    return [
        video for video in video_ids if len(start) >= _SHORTEST_PREFIX and video.removeprefix(_PREFIX).startswith(start)
    ]


def _near(text: str, video_ids: Sequence[str], paths: Iterable[PurePosixPath]) -> str:
    names = sorted({path.name for path in paths})
    part = [name for name in names if text.casefold() in name.casefold()]
    near = list(dict.fromkeys([*part, *get_close_matches(text, [*names, *video_ids], n=_NAMED, cutoff=0.5)]))
    if not near:
        return "`kinodex videos` lists all."
    return f"Did you mean {' or '.join(near[:_NAMED])}?"
