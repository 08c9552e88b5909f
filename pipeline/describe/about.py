"""What is known about a video from outside: a file beside it, and the tags of its container. Data, never evidence."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

LONGEST = {"title": 200, "date": 40, "people": 400, "description": 1500}
"""Characters of each field; what is longer is cut off. Source: our choice: a description is there to explain a clip,
not to crowd it out."""

_LARGEST = 4 << 20  # bytes of a file: a downloader writes some hundred KB of formats into one
_MOST_PEOPLE = 20
_KODI = re.compile(r"<(movie|episodedetails|musicvideo|tvshow)\b.*?</\1\s*>", re.DOTALL)
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class About:
    """What others say about a video; "" for what nobody says. Bounded, in one line each.

    Attributes:
        people: names, separated by commas.
    """

    title: str = ""
    date: str = ""
    people: str = ""
    description: str = ""

    def or_else(self, other: About) -> About:
        """The same, with the fields of another where this has none."""
        return About(*(getattr(self, one.name) or getattr(other, one.name) for one in fields(self)))

    @property
    def text(self) -> str:
        """All fields as quoted lines for a model; "" if nothing is known."""
        said = [(one.name, getattr(self, one.name)) for one in fields(self)]
        return "\n".join(f"- {name}: {value!r}" for name, value in said if value)


def about_beside(video: Path) -> About:
    """What the files beside a video say: ``NAME.info.json`` and ``NAME.json`` (as yt-dlp writes them), ``NAME.nfo`` (as
    Kodi does), ``NAME.txt`` (a description). A file that cannot be read says nothing, which is logged."""
    found = About()
    for suffix, read in _READERS:
        path = video.with_name(video.stem + suffix)
        try:
            if not path.is_file():
                continue
            if path.stat().st_size > _LARGEST:
                raise ValueError(f"it has more than {_LARGEST >> 20} MB")
            found = found.or_else(read(path.read_bytes().decode("utf-8-sig", "replace")))
        except (OSError, ValueError, RecursionError, ElementTree.ParseError) as error:
            _log.warning("%s is not used: %s", path, error)
    return found


def about_in(tags: Mapping[str, str]) -> About:
    """What the tags of a container say."""
    low = {name.lower(): value for name, value in tags.items()}

    def first(*names: str) -> str:
        return next((low[name] for name in names if low.get(name, "").strip()), "")

    # Cameras write a date on their own; a title or a description was written by somebody.
    return _about(
        first("title"),
        first("date", "date_recorded", "creation_time")[:10],
        first("artist", "author").split(";"),
        first("description", "synopsis", "comment", "summary"),
    )


def _about(title: object, date: object, people: Iterable[object], description: object) -> About:
    names = ", ".join(dict.fromkeys(name for one in list(people)[:_MOST_PEOPLE] if (name := _line(one, 60))))
    return About(
        _line(title, LONGEST["title"]),
        _line(date, LONGEST["date"]),
        names[: LONGEST["people"]],
        _line(description, LONGEST["description"]),
    )


def _line(value: object, longest: int) -> str:
    if not isinstance(value, str | int):
        return ""
    return " ".join(_CONTROLS.sub(" ", str(value)[: 4 * longest]).split())[:longest].strip()


def _from_json(text: str) -> About:
    known = json.loads(text)
    if not isinstance(known, dict):
        raise ValueError("it holds no object")
    cast = known.get("cast")
    names: list[object] = cast if isinstance(cast, list) else []
    return _about(
        known.get("title") or known.get("fulltitle"),
        _day(known),
        names,
        known.get("description"),
    )


def _day(known: Mapping[str, Any]) -> str:
    for name in ("release_date", "upload_date", "date"):
        value = _line(known.get(name), LONGEST["date"])
        if re.fullmatch(r"\d{8}", value):
            return f"{value[:4]}-{value[4:6]}-{value[6:]}"
        if value:
            return value
    stamp = known.get("timestamp")
    if isinstance(stamp, int | float) and 0 < stamp < 1e11:
        return datetime.fromtimestamp(stamp, UTC).date().isoformat()
    return ""


def _from_nfo(text: str) -> About:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("it declares entities")
    # An address may follow the element, and other programs write plain text into files of this name.
    part = _KODI.search(text)
    if part is None:
        raise ValueError("it is not Kodi's")
    root = ElementTree.fromstring(part[0])

    def first(*names: str) -> str:
        return next((found for name in names if (found := (root.findtext(name) or "").strip())), "")

    people = [actor.findtext("name") for actor in root.iter("actor")]
    return _about(first("title"), first("premiered", "aired", "year"), people, first("plot", "outline"))


def _from_text(text: str) -> About:
    return _about("", "", (), text)


_READERS: tuple[tuple[str, Callable[[str], About]], ...] = (
    (".info.json", _from_json),
    (".json", _from_json),
    (".nfo", _from_nfo),
    (".txt", _from_text),
)
