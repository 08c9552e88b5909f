"""Names of videos in a question: "is there a cat in c15.mp4?" asks one video, not for the word "mp4"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agents.words import is_chinese
from stores.core.errors import UsageError
from stores.core.text_keys import CJK
from stores.library_store import LibraryStore

_FILE = re.compile(
    r"""["“「『《](?P<quoted>[^"”」』》\n]+\.[A-Za-z0-9]{2,5})["”」』》]|"""
    r"""(?P<plain>[^\s"'“”‘’「」『』《》()（）,，。？?！!：；;]+\.[A-Za-z][A-Za-z0-9]{1,4})(?![A-Za-z0-9.])"""
)
_VIDEO = re.compile(r"\.(mp4|m4v|mov|mkv|webm|avi|wmv|flv|mpe?g|ts|mts|m2ts|3gp|ogv)$", re.I)
_CHINESE_BEFORE = re.compile(f"^.*[{CJK}]")
_IN = re.compile(
    r"(?:\b(?:in|of|from|on|at|during)\s+)?(?:\b(?:the|this|that)\s+)?(?:\b(?:video|clip|file)\s+)?$", re.I
)

_SEVERAL = re.compile(r" matches \d+ videos: ")

MOST_NAMES = 4
"""File names of one question that are looked up. Ours."""


@dataclass(frozen=True, slots=True)
class Named:
    """A question without the names of videos.

    Attributes:
        text: the rest; what is no video of the library and does not look like one stays in it.
        video_ids: the videos that were named. A name that several videos have restricts nothing.
        unknown: the first name of a video that the library has not, "" if there is none.
    """

    text: str
    video_ids: tuple[str, ...]
    unknown: str


class VideoNames:
    """Recognises the file names of one library's videos."""

    def __init__(self, store: LibraryStore) -> None:
        self._store = store

    def taken_out(self, question: str) -> Named:
        """The question without the names of videos, and what they name."""
        named: dict[str, None] = {}
        kept, at, unknown = "", 0, ""
        for found in list(_FILE.finditer(question))[:MOST_NAMES]:
            for name, skipped in _readings(found):
                video_id = self._resolved(name)
                if video_id is None:
                    continue
                before = question[at : found.start()] + skipped
                kept += _left(before)
                at = found.end()
                if video_id:
                    named[video_id] = None
                break
            else:
                if _VIDEO.search(name):
                    unknown = unknown or name
        return Named(kept + question[at:], tuple(named), unknown)

    def _resolved(self, name: str) -> str | None:
        """The video's id, "" if there are several of that name, None if there is none."""
        try:
            return self._store.catalog.resolve(name)
        except UsageError as error:
            return "" if _SEVERAL.search(error.message) else None


def _left(before: str) -> str:
    """What stays of the text before a name: without the words that say "in", else with a word for the video, so that
    "what is a.mp4 about?" stays a question."""
    rest = _IN.sub("", before)
    if rest.strip() != before.strip() or not before.strip():
        return rest
    return f"{before.rstrip()}视频" if is_chinese(before) else f"{before.rstrip()} the video "


def _readings(found: re.Match[str]) -> list[tuple[str, str]]:
    """A name, and without the Chinese words that stand before it, which have no space between."""
    name = found["quoted"] or found["plain"]
    readings = [(name, "")]
    before = _CHINESE_BEFORE.match(name) if found["plain"] else None
    if before and len(before.group()) < len(name):
        readings.append((name[before.end() :], before.group()))
    return readings
