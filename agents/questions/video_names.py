"""Names of videos in a question: "is there a cat in c15.mp4?" asks one video, not for the word "mp4"."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from agents.words import is_chinese
from stores.core.errors import UsageError
from stores.core.text_keys import CJK
from stores.library_store import LibraryStore

_FILE = re.compile(
    r"""["“「『《](?P<quoted>[^"”」』》\n]+\.[A-Za-z0-9]{2,5})["”」』》]|"""
    r"""(?P<plain>[^\s"'“”‘’「」『』《》()（）,，。？?！!：；;]+?\.[A-Za-z][A-Za-z0-9]{1,4})(?![A-Za-z0-9.])"""
)
_TITLE = re.compile(
    r"""(?P<called>\b(?:video|clip|recording|film|movie|file)s?\s+(?:called\s+|named\s+|titled\s+)?|\b(?:in|of|from)\s+|"""
    r"""(?:视频|影片|片段|录像|文件|短片|電影|电影|視頻|錄像)(?:名为|叫做?)?|[在从])?"""
    r"""(?:["“「『](?P<quoted>[^"”」』\n.]{1,120})["”」』]|《(?P<title>[^》\n.]{1,120})》)(?P<inside>\s*(?:里|中|这个视频|的视频))?"""
)
_VIDEO = re.compile(r"\.(mp4|m4v|mov|mkv|webm|avi|wmv|flv|mpe?g|ts|mts|m2ts|3gp|ogv)$", re.I)
_CHINESE_BEFORE = re.compile(f"^.*[{CJK}]")
_IN = re.compile(
    r"(?:\b(?:in|of|from|on|at|during)\s+)?(?:\b(?:the|this|that)\s+)?(?:\b(?:video|clip|file)\s+)?$", re.I
)
_WRAPPED = re.compile(
    "(?:(?:在|从)?(?:这个|那个|這個|那個)?(?:视频|影片|片段|录像|文件|短片|視頻|錄像)?(?:名为|叫做?)?)$"
)
_INSIDE = re.compile(
    "\\s*(?:(?:这个|那个|這個|那個|这段|那段)?(?:视频|影片|片段|录像|文件|短片|視頻|錄像)?(?:里面|"
    "里边|裡面|里|裡|當中|当中|中(?![文国國间間心午央式学學])|内(?![容部])))"
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

    def taken_out(self, question: str, among: Collection[str] | None = None) -> Named:
        """The question without the names of videos, and what they name.

        Args:
            among: ids of the only videos that there are for this question; None: all.
        """
        named: dict[str, None] = {}
        kept, at, unknown = "", 0, ""
        for found in _candidates(question)[:MOST_NAMES]:
            if found.start() < at:
                continue
            is_file = found.re is _FILE
            for name, skipped in _readings(found):
                video_id = self._resolved(name, among)
                if video_id is None or not (video_id or is_file):
                    continue
                before = question[at : found.start()] + skipped + ("" if is_file else found["called"] or "")
                inside = _INSIDE.match(question, found.end("quoted") + 1 if found["quoted"] else found.end())
                kept += _left(before, inside is not None, is_chinese(question))
                at = inside.end() if inside else found.end()
                if video_id:
                    named[video_id] = None
                break
            else:
                if is_file and _VIDEO.search(name):
                    unknown = unknown or name
        return Named(kept + question[at:], tuple(named), unknown)

    def _resolved(self, name: str, among: Collection[str] | None) -> str | None:
        """The video's id, "" if there are several of that name, None if there is none."""
        try:
            return self._store.catalog.resolve(name, among)
        except UsageError as error:
            return "" if _SEVERAL.search(error.message) else None


def _left(before: str, inside: bool, chinese: bool) -> str:
    """What stays of the text before a name: without the words that say "in", else with a word for the video, so that
    "what is a.mp4 about?" stays a question."""
    rest = _IN.sub("", before)
    rest = _WRAPPED.sub("", rest) if chinese else rest
    if inside or rest.strip() != before.strip() or not before.strip():
        return rest
    return f"{before.rstrip()}视频" if chinese else f"{before.rstrip()} the video "


def _candidates(question: str) -> list[re.Match[str]]:
    """What may be the name of a video, in order: file names, and titles in quotation marks where words around them say
    that a video is meant."""
    titles = [found for found in _TITLE.finditer(question) if found["called"] or found["inside"] or found["title"]]
    return sorted([*_FILE.finditer(question), *titles], key=lambda found: found.start())


def _readings(found: re.Match[str]) -> list[tuple[str, str]]:
    """A name, and without the Chinese words that stand before it, which have no space between."""
    if found.re is _TITLE:
        return [((found["quoted"] or found["title"]).strip(), "")]
    name = found["quoted"] or found["plain"]
    readings = [(name, "")]
    before = _CHINESE_BEFORE.match(name) if found["plain"] else None
    if before and len(before.group()) < len(name):
        readings.append((name[before.end() :], before.group()))
    return readings
