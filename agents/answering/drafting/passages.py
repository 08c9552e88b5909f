"""Quotations for want of a finer answer: the passage with nearly all words of the question, and the title on screen.

What was heard and read in real clips is seldom a clean sentence; the passage itself is of use to the user.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.answering.claims import Claim, cite
from agents.answering.drafting.material import Material
from agents.words import Term, coverage
from stores.core.records import Channel, Evidence
from stores.core.text_keys import search_key
from stores.lines_at_hand import boxes_of

FOLLOWING_SECONDS = 8.0
"""An answer often comes after the words of the question: lines this soon after a hit belong to its passage."""

_READ: tuple[Channel, ...] = ("speech", "screen", "caption", "script")

LINES = 4
"""Lines of a passage."""

ENOUGH = 0.7
"""Share of the question's words that a passage must say. Ours: below it, passages about something else are quoted."""

LEAST_TERMS = 2
"""Words a question must have for a passage to be told from chance."""

_TITLE = re.compile(
    r"\b(?:title|headline|heading|name of the (?:film|movie|show|series|programme|program|game|song|cartoon))\b|"
    r"标题|片名|题目|(?:动画片|电影|节目|电视剧|片子|歌)叫什么",
    re.I,
)
_NO_TITLE = re.compile(r"www\.|https?:|\.com\b|\.cn\b|@|©|仅用于|研究|版权|subscribe", re.I)


def asks_for_title(text: str) -> bool:
    """Whether the title of a video is asked for."""
    return bool(_TITLE.search(text))


def draft_passage(material: Material, pictured: bool = False) -> list[Claim]:
    """The passage of the best videos that says most of the question's words, quoted.

    Args:
        pictured: whether only what a model has said of the pictures counts.
    """
    question = material.question
    terms = [term for term in question.terms if not _is_role(term)]
    if len(terms) < (1 if question.intent == "quote" else LEAST_TERMS) or question.yes_or_no:
        return []
    channels: tuple[Channel, ...] = ("speech", "screen", "caption", "script")
    if question.source in ("speech", "screen"):
        channels = (question.source,)
    elif pictured:
        channels = ("caption", "script")
    best: tuple[float, float, list[Evidence]] = (0.0, 0.0, [])
    for place, video_id in enumerate(_videos(material)):
        for passage in _passages(material.lines(video_id, channels)):
            share = coverage(terms, " ".join(line.text for line in passage))
            own = coverage(terms, passage[0].text)
            if own > 0 and (share, own - 0.01 * place) > best[:2]:
                best = (share, own - 0.01 * place, passage)
    share, _, passage = best
    if share < ENOUGH:
        return []
    if passage[0].channel in ("caption", "script"):
        return [Claim(passage[0].text.strip(), (cite(passage[0]),), "quote")]
    said = passage[0].channel == "speech"
    text = " ".join(line.text.strip() for line in passage)
    if material.chinese:
        sentence = f"{'听到' if said else '画面文字'}：“{text}”"
    else:
        sentence = f"{'Someone says' if said else 'On screen'}: “{text}”"
    return [Claim(sentence, tuple(map(cite, passage)), "quote")]


def draft_title(material: Material) -> list[Claim]:
    """The largest text that stands on screen for long in the best video."""
    for video_id in _videos(material)[:1]:
        lines = [
            line
            for line in material.lines(video_id, ("screen",))
            if len(line.text.strip()) >= 3 and line.confidence >= 0.7 and not _NO_TITLE.search(line.text)
        ]
        boxes = boxes_of(material.store, [line.evidence_id for line in lines])
        sized = [
            (_area(boxes.get(line.evidence_id)) * (len(line.text) * max(1.0, line.span.duration)) ** 0.5, line)
            for line in lines
        ]
        if sized:
            best = max(sized, key=lambda one: one[0])[1]
            return [Claim(f"“{best.text.strip()}”", (cite(best),), "listed")]
    return []


def _area(box: tuple[float, float, float, float] | None) -> float:
    return (box[2] - box[0]) * (box[3] - box[1]) if box else 0.0


def _videos(material: Material) -> list[str]:
    if material.named:
        return list(material.named)
    text = " ".join(term.text for term in material.question.terms)
    hits = material.store.fulltext.search(text, 40, video_ids=material.scope, channels=_READ)
    return list(dict.fromkeys([*material.best_videos(3), *(hit.video_id for hit in hits)]))[:6]


def _passages(lines: Sequence[Evidence]) -> list[list[Evidence]]:
    """Every line with those of its channel that follow closely."""
    ordered = sorted(lines, key=lambda line: (line.channel, line.span.start))
    passages = []
    for place, line in enumerate(ordered):
        passage = [line]
        for later in ordered[place + 1 : place + LINES]:
            if later.channel != line.channel or line.channel in ("caption", "script"):
                break
            if later.span.seconds[0] - line.span.seconds[1] <= FOLLOWING_SECONDS:
                passage.append(later)
        passages.append(passage)
    return passages


_ROLES = frozenset(
    "speaker narrator presenter woman man person people video clip say tell according lady guy host".split()
)


def _is_role(term: Term) -> bool:
    """Whether a word stands for the one who speaks: the lines never say it."""
    return search_key(term.text) in _ROLES
