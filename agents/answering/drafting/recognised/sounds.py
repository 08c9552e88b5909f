"""Claims about what is heard: whether there is music, when somebody sings, where it is silent."""

from __future__ import annotations

from agents.answering.claims import Claim, cite
from agents.answering.drafting.material import Material
from agents.answering.wording import capital, clock, length
from agents.questions.hearing import sounds_asked
from agents.sounds import SPEECH
from encoders.sound_names import SILENCE
from stores.core.records import Evidence

MOST_STRETCHES = 5
"""Stretches told of for one video, the longest ones. Ours."""

MOST_VIDEOS = 5


def draft_sounds(material: Material) -> list[Claim]:
    """The stretches of the named video, else of the best ones, in which the sounds are heard that a question names.

    Where none is heard in a video that is silent from beginning to end, that is told.
    """
    sounds = sounds_asked(material.question.text, material.encoders.concepts.vocabulary)
    videos = list(material.named) or _with_sounds(material)
    claims: list[Claim] = []
    for video_id in videos[:MOST_VIDEOS]:
        lines = material.all_lines(video_id, ("sound",))
        claims += _told(material, [line for line in lines if line.text in sounds])
    if not claims and material.named:
        for video_id in videos[:MOST_VIDEOS]:
            lines = material.all_lines(video_id, ("sound",))
            if lines and all(line.text == SILENCE for line in lines):
                claims += [_one(material, line) for line in lines[:1]]
    return material.not_shown(claims)


def _with_sounds(material: Material) -> list[str]:
    found = material.found
    moments = found.moments if found is not None and found.verdict == "match" else ()
    return list(dict.fromkeys(one.video_id for one in moments if one.channels.get("sound")))


def _told(material: Material, lines: list[Evidence]) -> list[Claim]:
    question = material.question
    if not lines:
        return []
    if question.wants == "duration":
        return _in_all(material, lines)
    longest = sorted(lines, key=lambda line: -line.span.duration * line.confidence)[:MOST_STRETCHES]
    shown = sorted(longest, key=lambda line: (line.span.start, line.text))
    if question.relation == "first":
        shown = sorted(lines, key=lambda line: line.span.start)[:1]
    elif question.relation == "last":
        shown = sorted(lines, key=lambda line: -line.span.end)[:1]
    elif question.yes_or_no or not material.named:
        # One says that it is so; of several videos, where in each.
        shown = longest[:1]
    return [_one(material, line, question.yes_or_no) for line in shown]


def _in_all(material: Material, lines: list[Evidence]) -> list[Claim]:
    claims = []
    for sound in dict.fromkeys(line.text for line in lines):
        some = [line for line in lines if line.text == sound]
        total = length(sum(line.span.duration for line in some), material.chinese)
        name = _name(some[0], material.chinese)
        text = f"一共有{total}的{name}" if material.chinese else f"{capital(name)} for {total} in all"
        claims.append(Claim(text, tuple(map(cite, some)), "computed", value=total))
    return claims


def _one(material: Material, line: Evidence, affirmed: bool = False) -> Claim:
    start, end = line.span.seconds
    span, name = f"{clock(start)}–{clock(end)}", _name(line, material.chinese)
    if affirmed and line.text != SILENCE:
        there = f"是的，有{name}" if material.chinese else f"Yes, there is {name}"
    else:
        there = name if material.chinese else capital(name)
    text = f"{there}（{span}）" if material.chinese else f"{there} ({span})"
    if not material.named:
        text = f"{material.name(line.video_id)}: {text}"
    return Claim(text, (cite(line),), "computed", value=span)


def _name(line: Evidence, chinese: bool) -> str:
    if chinese:
        return next((name.strip() for name in line.search_text.split(";")[1:] if name.strip()), line.text)
    return "speech" if line.text == SPEECH else line.text
