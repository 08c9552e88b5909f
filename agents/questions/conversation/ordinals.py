"""Which of what was listed a question means: "the second one", "the last video", 第二个, "the other one"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from agents.questions.conversation.turns import Shown, Turn

Listed = Literal["any", "video", "moment"]

_NUMBERS = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5, "5th": 5,
    "sixth": 6, "6th": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "last": -1, "latter": -1, "former": 1,
    "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
}  # fmt: skip
_ORDINAL = "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|latter|former|1st|2nd|3rd|4th|5th"
_KINDS = (
    "(?P<kind>one|ones|video|clip|recording|film|movie|file|moment|scene|result|hit|answer|match|citation|part|passage)"
)
_IN_ENGLISH = re.compile(
    rf"(?P<before>\b(?:in|of|from|for|at|on|about|during|"
    rf"with)\s+)?\b(?:the\s+)?(?:very\s+)?(?P<number>{_ORDINAL})\s+{_KINDS}\b"
    rf"|(?P<before2>\b(?:in|of|from|for|at|on|about)\s+)?\b(?P<kind2>video|clip|result|hit|moment|"
    rf"number|citation|scene|no\.?)\s*#?(?P<digits>\d{{1,2}})\b"
    rf"|(?P<before3>\b(?:in|of|from|for)\s+)?\bthe\s+(?P<alone>{_ORDINAL})"
    r"(?=\W*$|\s+(?:and|or|with|to|is|are|was|were|do|does|did|has|have|can|will|cost|costs|closed?|open(?:ed)?|"
    r"built|made|called|located)\b)"
    r"|\[(?P<bracket>\d{1,2})\]",
    re.I,
)
_OTHER = re.compile(
    r"(?P<before>\b(?:in|of|from|for|at|on|about|during|"
    r"with)\s+)?\b(?:the\s+)?other (?P<kind>ones?|videos?|clips?|recordings?|films?|files?|"
    r"moments?|scenes?)\b|"
    r"(?:另|别的那)(?:外)?(?:一)?(?P<zh>[个段部条]?(?:视频|片段|录像|影片)?)(?:里面|里|中)?"
)
_IN_CHINESE = re.compile(
    "(?:在|那|从)?(?P<last>最后)?第?(?P<number>[一二两三四五六七八九十]|"
    "\\d{1,2})?(?P<m>[个段部条])(?P<kind>视频|片段|录像|影片|短片|结果|镜头|画面|时刻|"
    "场景)?(?:里面|里|中)?(?:的)?"
)
_MOMENTS = frozenset("moment scene result hit answer match citation part passage 结果 镜头 画面 时刻 场景".split())


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a list: the ``number``-th (from 1; -1 for the last, 0 for the other one) of what kind, where in the
    text it is named."""

    number: int
    kind: Listed
    start: int
    end: int


def place_named(text: str, chinese: bool) -> Place | None:
    """The first place in a list that a text names; None if it names none."""
    other = _OTHER.search(text)
    if other:
        kind = (other["kind"] or other["zh"] or "").lower().removesuffix("s")
        return Place(0, "moment" if kind in _MOMENTS else "any", *other.span())
    if chinese:
        return _place_in_chinese(text)
    found = _IN_ENGLISH.search(text)
    if not found:
        return None
    if found["bracket"]:
        return Place(int(found["bracket"]), "moment", *found.span())
    kind = (found["kind"] or found["kind2"] or "").lower()
    number = int(found["digits"]) if found["digits"] else _NUMBERS[(found["number"] or found["alone"]).lower()]
    return Place(number, _listed(kind), *found.span())


def _place_in_chinese(text: str) -> Place | None:
    for found in _IN_CHINESE.finditer(text):
        named = found["number"] and "第" in found.group()
        if not (named or found["last"]):
            continue
        number = -1 if found["last"] else _number(found["number"])
        return Place(number, _listed(found["kind"] or ""), *found.span())
    return None


def _number(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[word]


def _listed(kind: str) -> Listed:
    if kind in _MOMENTS:
        return "moment"
    return (
        "video"
        if kind in ("video", "clip", "recording", "film", "movie", "file", "视频", "片段", "录像", "影片", "短片")
        else "any"
    )


def listed_at(place: Place, turn: Turn) -> tuple[tuple[Shown, ...], bool] | None:
    """What stands at a place of a turn's list, and whether the moment is meant rather than its video; None if the list
    is not that long. "The other one" may be several."""
    videos = turn.videos
    moments = place.kind == "moment" or (place.kind == "any" and len(videos) == 1 and len(turn.shown) > 1)
    listed = turn.shown if moments else videos
    if place.number == 0:
        rest = tuple(one for one in listed if turn.video_ids != (one.video_id,))
        rest = rest[1:] if len(rest) == len(listed) else rest
        return (rest, moments) if rest else None
    if place.number > len(listed) or not listed:
        return None
    return (listed[-1 if place.number < 0 else place.number - 1],), moments
