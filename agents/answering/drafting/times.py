"""Claims about time: when something is first or last seen or said, how long, how often."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.answering.claims import Claim, cite
from agents.answering.drafting.material import Material
from agents.answering.drafting.showing import videos_with_things
from agents.answering.drafting.things import Thing, named, so_many
from agents.answering.wording import capital, clock, length, one_of
from agents.questions.question import Question
from agents.words import coverage
from stores.core.records import Evidence

MOST_STRETCHES = 3
"""Stretches told of for one video, if neither the first nor the last is asked for."""

GAP_SECONDS = 1.5
"""Lines with a shorter gap between them are one stretch: objects are looked for once a second."""

_HOW_OFTEN = re.compile(r"\bhow (?:often|many times)\b|\btimes\b|多少次|几次|几回|多少遍|几遍", re.I)
_IN_THE_VIDEO = re.compile(
    r"\b(?:mention\w*|says?|said|saying|talk\w*|speak\w*|shows?|shown|appears?|seen|see|second|minute|timestamp|point|"
    r"written|on screen|in the video|disappear\w*|vanish\w*|leav\w+ the (?:picture|frame|scene))\b|"
    "提到|说到|说起|讲到|讲|出现|消失|显示|看到|看见|第几秒|几分几秒|哪一秒|秒",
    re.I,
)
_UNTIL = re.compile(
    r"\b(?:end|ends|ended|until|stop|stops|disappear\w*|leav\w+|over)\b|结束|消失|离开|到什么时候", re.I
)


_VISIBLE = re.compile(r"appear|\bvisible|vanish|\bseen\b|消失|出现|看到|看见", re.I)


def asks_how_often(text: str) -> bool:
    """Whether it is asked how often something is seen."""
    return bool(_HOW_OFTEN.search(text) and _VISIBLE.search(text))


def in_the_video(question: Question) -> bool:
    """Whether it is asked at what time of a video something is said or shown, and not for a date that is told."""
    return question.source != "words" or bool(_IN_THE_VIDEO.search(question.text))


def without_when(text: str) -> str:
    """The same as a question for what is said or shown, and not for when."""
    text = re.sub(
        r"^\W*(?:at )?(?:when|what time|(?:which|what) (?:second|minute|point|time))\b(?: exactly)?",
        "what",
        text,
        flags=re.I,
    )
    return re.sub("(?:是)?(?:在)?(?:什么时候|第几秒|何时|几分几秒|哪一秒)", "什么", text)


def draft_times(material: Material, spoken: Sequence[Evidence] = (), seen: bool = True) -> list[Claim]:
    """Claims with the time of a thing that was recognised, else of the lines that say or show it.

    Args:
        spoken: lines that were said or written about what is asked, the best first.
        seen: whether things in pictures count.
    """
    in_words = material.question.source in ("speech", "screen", "words") and material.question.intent != "count"
    wants_words = not seen or (in_words and not _VISIBLE.search(material.question.text))
    for video_id in _videos(material, spoken):
        lines = [] if wants_words else _seen(material, video_id)
        lines = lines or [line for line in spoken if line.video_id == video_id][:1]
        if lines:
            return _told(material, lines)
    return []


def _videos(material: Material, spoken: Sequence[Evidence]) -> list[str]:
    return list(dict.fromkeys([*videos_with_things(material, 3), *(line.video_id for line in spoken)]))


def _seen(material: Material, video_id: str) -> list[Evidence]:
    things = material.things()
    for thing in things:
        if thing.terms and (lines := material.seen(video_id, thing)):
            objects = [line for line in lines if line.channel == "object"]
            return (so_many(objects, thing.count) if thing.count > 1 else []) or objects or lines
        if written := _written(material, video_id, thing):
            return written
    return []


def _written(material: Material, video_id: str, thing: Thing) -> list[Evidence]:
    """Lines that say or show the words for a thing that pictures do not tell."""
    if not thing.terms or thing.person:
        return []
    lines = material.lines(video_id, ("speech", "screen"))
    return [line for line in lines if coverage(thing.terms, line.text) >= 1.0]


def stretches(lines: Sequence[Evidence]) -> list[list[Evidence]]:
    """Lines in order of time, those together that overlap or follow each other closely."""
    groups: list[list[Evidence]] = []
    end = -1.0
    for line in sorted(lines, key=lambda one: one.span.start):
        start, stop = line.span.seconds
        if groups and start <= end + GAP_SECONDS:
            groups[-1].append(line)
        else:
            groups.append([line])
        end = max(end, stop) if len(groups[-1]) > 1 else stop
    return groups


def covered(lines: Sequence[Evidence]) -> float:
    """Seconds in which at least one of the lines holds."""
    total = 0.0
    for group in stretches(lines):
        total += max(line.span.seconds[1] for line in group) - group[0].span.seconds[0]
    return total


def _told(material: Material, lines: Sequence[Evidence]) -> list[Claim]:
    question, chinese = material.question, material.chinese
    what = _what(material, lines[0])
    groups = stretches(lines)
    ordered = sorted(lines, key=lambda line: line.span.start)
    if question.wants == "duration":
        text = length(covered(lines), chinese)
        sentence = f"{what}一共出现{text}" if chinese else f"{what} {_verb(lines[0], 'seen')} for {text} in all"
        return [Claim(sentence, tuple(map(cite, ordered)), "computed", value=text)]
    if _HOW_OFTEN.search(question.text):
        count = str(len(groups))
        times = f"{count} time{'s' * (count != '1')}"
        sentence = f"{what}出现{count}次" if chinese else f"{what} {_verb(lines[0], 'seen')} {times}"
        return [Claim(sentence, tuple(cite(group[0]) for group in groups), "computed", value=count)]
    if question.relation == "last" or _UNTIL.search(question.text):
        last = max(lines, key=lambda line: line.span.end)
        moment = last.span.seconds[1] if _UNTIL.search(question.text) else groups[-1][0].span.seconds[0]
        one = last if _UNTIL.search(question.text) else groups[-1][0]
        return [_one(what, one, clock(moment), chinese, until=bool(_UNTIL.search(question.text)))]
    shown = groups[:1] if question.relation == "first" else groups[:MOST_STRETCHES]
    return [_one(what, group[0], clock(group[0].span.seconds[0]), chinese) for group in shown]


def _one(what: str, line: Evidence, when: str, chinese: bool, until: bool = False) -> Claim:
    """What is seen, said or written at a time, or until then."""
    if chinese:
        verb = {"speech": "说到", "screen": "显示", "caption": ""}.get(line.channel, "出现")
        text = f"{what}到{when}为止" if until else f"{when}{verb}{what}" if verb else f"{when}：{what}"
    elif line.channel == "caption":
        text = f"{what} ({'until ' * until}{when})"
    elif until:
        text = f"{what} {_verb(line, 'seen')} until {when}"
    else:
        text = f"{what} {_verb(line, 'appears')} at {when}"
    return Claim(text, (cite(line),), "computed", value=when)


def _verb(line: Evidence, seen: str) -> str:
    if line.channel in ("speech", "screen"):
        return "is said" if line.channel == "speech" else "is on screen"
    several = one_of(line.text) == line.text
    if seen == "appears":
        return "appear" if several else "appears"
    return "are seen" if several else "is seen"


def _what(material: Material, line: Evidence) -> str:
    """What is told of: the name of what was recognised, or a quote."""
    if line.channel in ("speech", "screen"):
        return f"“{line.text.strip()}”"
    name = named(line, material.chinese, material.question.text)
    return name if material.chinese or line.channel == "caption" else capital(one_of(name))
