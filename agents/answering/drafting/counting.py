"""Claims with a number that was counted: things in a picture, videos, mentions."""

from __future__ import annotations

import re

from agents.answering.claims import Claim, cite
from agents.answering.drafting.material import Material
from agents.answering.drafting.showing import videos_with_things
from agents.answering.drafting.things import Thing, at_once, counted_by, named
from agents.answering.wording import at_one_time
from agents.words import coverage

MOST_CITED = 40
"""Counted lines that are cited one by one; all were counted."""

_MENTIONS = re.compile(r"\b(?:mention\w*|say|says|said|word|talk\w*)\b|提到|说到|说了|提了", re.I)
_HOW_MANY = re.compile(r"\bhow (?:many|often)\b|\bnumber of\b|\bcount\b|\btimes\b|几|多少|数量|总数", re.I)
_VIDEOS = re.compile(r"\b(?:videos?|clips?|files?)\b|视频|片段|短片", re.I)
_ASKS_VIDEOS = re.compile(
    r"\bhow many (?:of (?:the |my )?)?(?:videos?|clips?|files?)\b|\bnumber of (?:videos?|clips?|files?)\b|"
    r"(?:多少|几)(?:个|段|部|条|支)?(?:视频|片段|短片)|(?:视频|片段|短片)有(?:多少|几)",
    re.I,
)


def asks_for_videos(text: str) -> bool:
    """Whether videos are to be counted and not what is in them."""
    return bool(_ASKS_VIDEOS.search(text))


def is_video(text: str) -> bool:
    """Whether a thing is nothing but a video."""
    return bool(_VIDEOS.fullmatch(text.strip()))


def draft_count(material: Material) -> list[Claim]:
    """How many of a thing are seen at one time, or how often words were said; none if neither can be told."""
    if not _HOW_MANY.search(material.question.text):
        return []  # how old or how tall somebody is, is a number, too
    things = [thing for thing in material.things() if thing.terms and not is_video(thing.text)]
    for video_id in videos_with_things(material, 1 if material.named else 3):
        for thing in things:
            claim = _mentions(material, video_id, thing) if _MENTIONS.search(material.question.text) else None
            claim = claim or _at_once(material, video_id, thing)
            if claim is not None:
                return [claim]
    return []


def _at_once(material: Material, video_id: str, thing: Thing) -> Claim | None:
    objects = [line for line in material.seen(video_id, thing) if line.channel == "object"]
    there = at_once(objects)
    if not there:
        return None
    count = len(there)
    name = named(there[0], material.chinese, material.question.text)
    text = at_one_time(name, count, counted_by(there[0]), material.chinese)
    return Claim(text, tuple(map(cite, there[:MOST_CITED])), "computed", value=str(count))


def _mentions(material: Material, video_id: str, thing: Thing) -> Claim | None:
    lines = [line for line in material.lines(video_id, ("speech",)) if coverage(thing.terms, line.text) >= 1.0]
    if not lines:
        return None
    count = len(lines)
    words = thing.text.strip()
    text = f"“{words}”说到{count}次" if material.chinese else f"“{words}” is said {count} time{'s' * (count != 1)}"
    return Claim(text, tuple(map(cite, lines[:MOST_CITED])), "computed", value=str(count))
