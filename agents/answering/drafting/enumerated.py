"""Claims from things that are numbered on screen or aloud: steps, stops, lessons, chapters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.answering.claims import Claim, cite
from agents.answering.drafting.material import Material
from agents.tools.video_topics import VideoTopics
from stores.core.records import Evidence

_ORDINALS = {
    word: number
    for number, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), 1)
}
_DIGITS = "一二三四五六七八九十"
LAST = -1
MOST_LISTED = 12
_MEASURING = frozenset("步站章课节条点项天集")
"""Chinese nouns that are counted without a measure word."""

_NOUNS = (
    "step|stop|part|chapter|lesson|rule|tip|point|lecture|station|stage|day|episode|section|item|exercise|reason|"
    "question"
)
_ALL_ENGLISH = re.compile(
    rf"\b(?:what|which|list|name|tell me|give me)\b(?:\s+\w+){{0,4}}?\s+(?P<noun>{_NOUNS})s\b", re.I
)
_ALL_CHINESE = re.compile("(?:哪几个?|哪些|所有的?|全部的?|每一?个?)(?P<noun>步骤|步|站|章|课|节|部分|条|点|项|集)")
_ENGLISH = re.compile(
    rf"\b(?P<ordinal>{'|'.join(_ORDINALS)}|last|final|\d+(?:st|nd|rd|th))\s+(?P<noun>{_NOUNS})\b|"
    rf"\b(?P<named>{_NOUNS})\s+(?:no\.?\s*|number\s+)?(?P<number>\d+|one|two|three|four|five|six|seven|eight|nine|ten)\b",
    re.I,
)
_CHINESE = re.compile(
    f"(?:第(?P<ordinal>[{_DIGITS}]|\\d+)|(?P<last>最后一?))(?P<noun>个?(?:步骤|步|站|章|课|节|部分|条|点|项|天|集))"
)
_WORDS = {word: number for number, word in enumerate("one two three four five six seven eight nine ten".split(), 1)}


def asks_for_numbered(text: str) -> bool:
    """Whether one of several numbered things is asked for: "the second stop", "第三步"."""
    return _wanted(text) is not None


def _wanted(text: str) -> tuple[str, int] | None:
    """The noun and the number, `LAST` for the last one."""
    if found := _CHINESE.search(text):
        number = LAST if found["last"] else _value(found["ordinal"])
        return found["noun"].removeprefix("个"), number
    if found := _ENGLISH.search(text):
        if found["noun"]:
            word = found["ordinal"].lower()
            digits = re.match(r"\d+", word)
            number = LAST if word in ("last", "final") else int(digits.group()) if digits else _ORDINALS[word]
            return found["noun"].lower(), number
        return found["named"].lower(), _WORDS.get(found["number"].lower()) or int(found["number"])
    return None


_HOW_MANY = re.compile(
    rf"\bhow many (?:\w+ )?({_NOUNS})s\b|(?:多少|几)个?(步骤|步|站|章|课|节|部分|条|点|项|集)(?!钟|[半前后])", re.I
)


def asks_for_all_numbered(text: str) -> bool:
    """Whether all of several numbered things are asked for: "what are the steps", "有哪几步"."""
    return _all_wanted(text) is not None


def _all_wanted(text: str) -> str | None:
    found = _ALL_CHINESE.search(text) or _ALL_ENGLISH.search(text)
    return found["noun"].lower() if found else None


def draft_all_numbered(material: Material) -> list[Claim]:
    """Every line with a number of what is asked for, in their order; none if no video has such numbers."""
    noun = _all_wanted(material.question.text)
    for lines in _numbered_lines(material, noun) if noun else ():
        if len(lines) > 1:
            chosen = [lines[number] for number in sorted(lines)][:MOST_LISTED]
            return [Claim(f"“{line.text.strip()}”", (cite(line),), "quote") for line in chosen]
    return []


def draft_numbered(material: Material) -> list[Claim]:
    """The line with the number that is asked for, of the video in question; none if no video has such numbers."""
    wanted = _wanted(material.question.text)
    if wanted is None:
        return []
    noun, number = wanted
    for lines in _numbered_lines(material, noun):
        chosen = max(lines) if number == LAST else number
        if chosen in lines and len(lines) > 1:
            line = lines[chosen]
            return [Claim(f"“{line.text.strip()}”", (cite(line),), "quote")]
    return []


def draft_enumerated(material: Material) -> list[Claim]:
    """How many steps, stops or parts there are, where they are numbered: the highest number."""
    counted = _counted(material.question.text)
    nouns = [(counted, counted)] if counted else []
    nouns += [(thing.text, term.text) for thing in material.things() for term in thing.terms]
    for text, noun in nouns:
        for lines in _numbered_lines(material, noun):
            if len(lines) > 1:
                return [_highest(material, text, lines)]
    return []


def asks_how_many_numbered(text: str) -> bool:
    """Whether it is asked how many steps, stops or chapters there are."""
    return bool(_counted(text))


def _counted(text: str) -> str:
    found = _HOW_MANY.search(text)
    return next(filter(None, found.groups())) if found else ""


def _highest(material: Material, text: str, lines: dict[int, Evidence]) -> Claim:
    highest = str(max(lines))
    noun = re.sub(r"^(?:the|all|of)\s+", "", text.strip(), flags=re.I)
    noun = noun if material.chinese or noun.endswith("s") or highest == "1" else f"{noun}s"
    proof = tuple(cite(lines[number]) for number in sorted(lines))
    measure = "" if noun[:1] in _MEASURING else "个"
    text = f"共{highest}{measure}{noun}" if material.chinese else f"{highest} {noun}"
    return Claim(text, proof, "computed", value=highest)


def _numbered_lines(material: Material, noun: str) -> list[dict[int, Evidence]]:
    """For each video in question, its lines by the number that they give to the noun; text on screen before speech."""
    videos = _videos(material)
    found = []
    for video_id in videos:
        numbered: dict[int, Evidence] = {}
        for channel in ("screen", "speech"):
            for line in material.lines(video_id, (channel,)):
                number = _number_in(line.text, noun)
                if number:
                    numbered.setdefault(number, line)
        if numbered:
            found.append(numbered)
    return found


def _videos(material: Material) -> Sequence[str]:
    if material.named:
        return material.named
    topics = VideoTopics(material.store, material.encoders).ranked(
        material.question.terms, material.found, material.scope
    )
    return [topic.video_id for topic in topics[:3]]


def _number_in(text: str, noun: str) -> int:
    """The number that a line gives to a noun ("Step 3: …", "第三步"), 0 for none."""
    if noun.isascii():
        found = re.search(rf"\b{re.escape(noun)}s?\s*(?:no\.?\s*)?(\d+)\b", text, re.I)
        return int(found[1]) if found else 0
    found = re.search(f"第([{_DIGITS}]|\\d+)个?{re.escape(noun[:1])}", text)
    return _value(found[1]) if found else 0


def _value(number: str) -> int:
    return int(number) if number.isdigit() else _DIGITS.find(number) + 1
