"""Claims out of what was said and read: the thing asked for, in the question's language, with the lines it stands in.

Rules only. A line answers if it has a thing of the kind that is asked for and if it, or what stands beside it, is about
what the question is about. Otherwise there is no answer: a line that merely resembles the question is none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from agents.answering.claims import Claim, cite
from agents.answering.polarity import polarity_agrees
from agents.answering.text.asked import Asked, asked_of, denies, is_yes_or_no, ordinals_in, source_of
from agents.answering.text.candidates import Candidate
from agents.answering.text.kinds import Kind
from agents.answering.text.meanings import meanings_of
from agents.answering.text.readers import read
from agents.answering.text.readers.labels import labelled
from agents.answering.text.readers.names import is_name
from agents.answering.text.readers.reading import Reading
from agents.answering.text.readers.roles import people_in_role, pieces_of, roles_of
from agents.answering.text.statements import denied, judged
from agents.answering.text.steps import step_lines
from agents.answering.text.subjects import of_another
from agents.answering.text.support import (
    ELSEWHERE,
    PAGE,
    Place,
    SoughtWord,
    Support,
    Surroundings,
    goes_back,
    support_of,
    wanted_of,
)
from agents.answering.text.units import RankedLine, Unit
from agents.answering.text.wording import sentence
from agents.questions.question import Question
from agents.words import FUNCTION_WORDS, content_terms
from encoders.bundle import Encoders
from stores.core.text_keys import CJK, search_key

MOST_READ = 120
"""Best lines in which answers are looked for. Ours."""

ENOUGH = 0.66
"""Support that an answer needs: with three words to be about, all of them, or two and a synonym beside it. Ours."""

ENOUGH_IN_CHINESE = 0.6
"""As `ENOUGH`, by characters, some of which are left of verbs and particles. Ours."""

ENOUGH_FOR_CAPITALS = 0.9
"""As `ENOUGH`, where nothing but its capitals tells that a word is a name. Ours."""

ENOUGH_QUOTED = 0.7
"""As `ENOUGH`, of whole sentences, which contain nothing that is of the right kind by itself. Ours."""

LEAST_SURE = 0.5
"""Strength of a reading below which it is no answer. Ours."""

MOST_ANSWERS = 3
"""Claims of one answer at most. Ours."""

_WHOLE: frozenset[Kind] = frozenset({"quote", "thing", "how", "colour", "place", "purpose", "meaning"})
"""Kinds that a whole sentence may answer."""

_ALL_SAID = 0.85
"""Share of the question's words that a whole sentence must say itself to answer "where" or "what for". Ours."""


def draft_from_text(
    question: Question,
    ranked: Sequence[RankedLine],
    encoders: Encoders | None = None,
    video_ids: Collection[str] | None = None,
) -> list[Claim]:
    """Claims that answer a question from what was said or is written on screen; none if no line does.

    Args:
        ranked: as `agents.answering.lines.rank_lines` returns them.
        encoders: tell which words mean the same; without, only forms and a few synonyms do.
        video_ids: the only videos that may be cited; None for all.
    """
    asked = asked_of(question)
    usable = [line for line in ranked if video_ids is None or line.unit.video_id in video_ids]
    around = Surroundings(usable)
    texts = [line for line in usable if line.unit.channel in ("speech", "screen")][:MOST_READ]
    texts = [line for line in texts if not asked.scene or around.video_says(line.unit.video_id, asked.scene) >= 0.5]
    source = source_of(question, asked)
    if source:
        texts = [line for line in texts if line.unit.channel == source]
    meanings = meanings_of(asked.focus, (line.unit.text for line in texts), encoders) if encoders else {}
    wanted = wanted_of(asked, around.rarity, meanings, encoders.concepts if encoders else None)
    return [_claim(question, asked, one) for one in _answers(question, asked, texts, wanted, around)]


def _answers(
    question: Question, asked: Asked, texts: Sequence[RankedLine], wanted: Sequence[SoughtWord], around: Surroundings
) -> list[Candidate]:
    if _AT_START.search(question.text) and asked.kind in ("quote", "title", "thing"):
        return _at_start(asked, texts, around)
    if is_yes_or_no(question):
        return judged(question, asked, texts, wanted, around)
    steps = step_lines(question, asked, texts, around)
    if steps is not None:
        return steps
    found = [one for line in texts for one in _candidates(question, asked, line, wanted, around)]
    if not found and asked.kind in _WHOLE:
        found = [one for line in texts for one in _quotes(question, asked, line, wanted, around)]
    return _best(found)


_AT_START = re.compile(r"\b(?:at|in) the (?:very )?(?:start|beginning|opening)\b|一开始|开头|片头", re.I)
_START_WORDS = frozenset("start beginning opening".split())

START_SECONDS = 10.0
"""What begins later is not the start of a video. Ours."""


def _at_start(asked: Asked, texts: Sequence[RankedLine], around: Surroundings) -> list[Candidate]:
    """The first text of a video that the question is about."""
    topic = [term for term in (*asked.focus, *asked.scene) if term.text not in _START_WORDS]
    found = [
        line
        for line in texts
        if line.unit.span.seconds[0] < START_SECONDS
        and (not topic or around.video_says(line.unit.video_id, topic) >= ENOUGH)
    ]
    if not found or (not topic and len({line.unit.video_id for line in found}) > 1):
        return []
    first = min(found, key=lambda line: (-around.video_says(line.unit.video_id, topic), line.unit.span.start))
    return [Candidate(first, None, Support(1.0, True), 1.0)]


def _claim(question: Question, asked: Asked, found: Candidate) -> Claim:
    text = found.opening + sentence(question, asked, found.line.unit, found.reading)
    return Claim(text, tuple(map(cite, found.lines)), "words" if found.reading else "quote")


def _best(found: Sequence[Candidate]) -> list[Candidate]:
    """The best answer, and others that are as good."""
    ordered = sorted(found, key=lambda one: (-one.worth, one.line.unit.video_id, one.line.unit.span.start))
    kept: list[Candidate] = []
    for one in ordered:
        key = search_key(one.text)
        if any(key in search_key(other.text) or search_key(other.text) in key for other in kept):
            continue
        if kept and one.worth < kept[0].worth - 0.03:
            break
        kept.append(one)
    return kept[:MOST_ANSWERS]


def _candidates(
    question: Question, asked: Asked, line: RankedLine, wanted: Sequence[SoughtWord], around: Surroundings
) -> list[Candidate]:
    """The things of the right kind in one line that are about what is asked."""
    unit = line.unit
    if asked.kind == "quote":
        return []
    if asked.kind == "title":
        return _titles(line, wanted, around)
    if asked.kind == "role":
        things = roles_of(unit, asked.proper, wanted)
    elif asked.kind == "person":
        things = people_in_role(unit, wanted) or _people(asked, unit)
    else:
        things = read(asked, unit.text)
    beside = labelled(asked, unit.text, lambda text: max((one.said_in(text) for one in wanted), default=0.0))
    things = [one for one in things if not any(one.start < b.end and b.start < one.end for b in beside)] + [
        _typed(asked, things, value) for value in beside
    ]
    things = [one for one in things if one.strength >= LEAST_SURE and not _in_question(one.text, question)]
    candidates = []
    for reading in things:
        if _other_time(asked, reading, unit, around) or of_another(asked, wanted, unit.text, reading):
            continue
        support = _support(asked, line, reading, things, wanted, around)
        enough = ENOUGH_IN_CHINESE if asked.phrases else ENOUGH
        if asked.kind == "name" and reading.strength < 0.8:
            enough = ENOUGH_FOR_CAPITALS
        if support.share < enough or not support.said:
            continue
        if not _agrees(question, asked, unit.text):
            continue
        candidates.append(Candidate(line, reading, support, _worth(question, line, support, reading.strength)))
    return candidates


def _typed(asked: Asked, things: Sequence[Reading], value: Reading) -> Reading:
    """The thing of the right kind in a value beside its label ("from 9:00" is 9:00), or the value."""
    inside = [one for one in things if value.start <= one.start and one.end <= value.end]
    if inside and asked.kind not in ("name", "person", "place", "clock", "date"):
        best = max(inside, key=lambda one: one.end - one.start)
        return Reading(best.text, best.start, best.end, max(best.strength, value.strength))
    no_name = asked.kind == "person" and not is_name(value.text)
    if no_name or (asked.kind == "name" and _NUMBER.search(value.text)):
        return Reading(value.text, value.start, value.end, 0.0)
    return value if inside or asked.kind not in _NEEDS_KIND else Reading(value.text, value.start, value.end, 0.0)


_NUMBER = re.compile(r"\d")
_NEEDS_KIND: frozenset[Kind] = frozenset(
    {"price", "percent", "phone", "email", "link", "year", "date", "clock", "duration", "age"}
)
"""Kinds whose readers know all forms: a value without one is none of them."""


def _worth(question: Question, line: RankedLine, support: Support, strength: float) -> float:
    # Who asks what was said means speech; without a hint both channels are equal.
    same = bool(re.search(f"[{CJK}]", line.unit.text)) == question.chinese
    return (
        0.1 * same + support.share + 0.4 * strength + 0.15 * min(1.0, max(0.0, line.likeness / 8.0)) + 0.02 * line.score
    )


def _people(asked: Asked, unit: Unit) -> list[Reading]:
    """Names of people; on a screen, where all words may have capitals, only lines that are a name and nothing else."""
    things = read(asked, unit.text)
    if unit.channel != "screen":
        return things
    pieces = [piece for piece in pieces_of(unit) if is_name(piece.text)]
    return [*(one for one in things if one.strength > 0.8), *(one for one in pieces if len(one.text.split()) > 1)]


_BESIDE: frozenset[Kind] = frozenset({"reason", "purpose", "meaning", "how"})
"""Kinds that belong to what stands beside them in the sentence, not to the clause that they are."""

_OF_VIDEO: frozenset[Kind] = frozenset({"phone", "email", "link"})
"""Kinds that belong to a whole video: whose they are is said at another time than they are shown."""


def _support(
    asked: Asked,
    line: RankedLine,
    reading: Reading,
    things: Sequence[Reading],
    wanted: Sequence[SoughtWord],
    around: Surroundings,
) -> Support:
    others = () if asked.kind in _BESIDE else tuple(things)
    credit = 1.0 if asked.kind == "number" and (asked.unit or asked.counted) and wanted else 0.0
    anywhere = PAGE if asked.kind in _OF_VIDEO else ELSEWHERE
    return support_of(Place(line, reading, others), wanted, around, credit, anywhere)


def _titles(line: RankedLine, wanted: Sequence[SoughtWord], around: Surroundings) -> list[Candidate]:
    """The largest text on a screen; what the question says about it need not be written there."""
    unit = line.unit
    if unit.channel != "screen":
        return []
    page = [unit, *around.at_the_time_of(unit, ("screen",))]
    heights = {part.text: part.height for one in page for part in one.parts}
    largest = max(heights.values())
    big = [part for part in unit.parts if part.height >= 0.7 * largest and len(part.text) > 2]
    if not big:
        return []
    support = support_of(Place(line), wanted, around)
    shown = around.at_the_time_of(unit, ("picture", "object", "caption", "speech"))
    if wanted and support.share < 0.3 and not (shown and line.score > 1.0):
        return []
    text = " ".join(part.text for part in big)
    reading = Reading(text, 0, len(text))
    early = 0.1 / (1.0 + unit.span.seconds[0] / 10.0)
    return [Candidate(line, reading, support, support.share + min(1.0, 8 * largest) + early)]


_ADDS = 1
"""Content words that a quoted sentence must add to those of the question. Ours."""

_ONLY_ASK = frozenset(
    "anyone anybody everyone everybody someone somebody nobody know wonder wondering guess ask asking question "
    "知道 不知道 想知道 有人 好奇 问 猜".split()
)
"""Words that tell nothing: "Anyone know what this pocket is" asks, too, with or without a question mark."""


FEW = 3
"""New words of a sentence below which the next one is quoted with it, if it goes on about the same. Ours."""


def _quotes(
    question: Question, asked: Asked, line: RankedLine, wanted: Sequence[SoughtWord], around: Surroundings
) -> list[Candidate]:
    """The line as a whole, if it is about what is asked and says more than the question does."""
    if not wanted:
        return []
    unit = line.unit
    heavy = [one for one in wanted if not one.light] or wanted
    own = _own_share(heavy, unit)
    # What the video is about need not be named again; what is asked about it must be.
    particular = [one for one in heavy if not around.main(unit, one)]
    about = _own_share(particular, unit) if particular else own
    if asked.kind != "quote" and denied(heavy, unit.text) and not asked.negated:
        return []  # "Which sandals should I wear?" is not answered by "Sandals are not allowed."
    support = support_of(Place(line), wanted, around)
    whole = asked.kind not in ("quote", "thing")
    if own < _ALL_SAID if whole else own < LEAST_OWN or about < 0.5:
        return []
    if support.share < ENOUGH_QUOTED or not support.said or unit.text.rstrip().endswith(("?", "？")):
        return []
    known = {term.text for term in content_terms(question.text)}
    new = [term for term in content_terms(unit.text) if term.text not in known and term.text not in _ONLY_ASK]
    more = bool(line.after) and unit.channel == "speech" and goes_back(line.after[0])
    both = f"{unit.text} {line.after[0].text}" if more else unit.text
    if asked.kind == "thing" and not _says_verb(wanted, both):
        return []
    if (len(new) < _ADDS and not more) or not _agrees(question, asked, unit.text):
        return []
    if asked.kind == "place" and _HERE.search(unit.text) and unit.channel == "speech" and line.before:
        # "Eight people can sleep here": where that is was said before.
        line = RankedLine(_with_next(line.before[0], unit), line.score, line.likeness, line.share)
    elif len(new) < FEW and more:
        line = RankedLine(_with_next(unit, line.after[0]), line.score, line.likeness, line.share)
    return [Candidate(line, None, support, _worth(question, line, support, max(own, about)))]


_VERBS = frozenset("like love want eat drink wear hate enjoy prefer need play teach sell make buy".split())
"""Verbs that count little as words, but without which a sentence does not say what somebody does."""


def _says_verb(wanted: Sequence[SoughtWord], text: str) -> bool:
    """Whether a sentence says one of the question's verbs: that a cat sleeps does not tell what it likes to eat."""
    verbs = [one for one in wanted if one.light and one.text in _VERBS]
    heavy = [one for one in wanted if not one.light]
    return not verbs or len(heavy) > 1 or any(one.said_in(text) for one in verbs)


_HERE = re.compile(r"\b(?:here|there)\b|[这那][里儿]", re.I)

LEAST_OWN = 0.3
"""Share of the question's words that a quoted sentence says itself. Ours."""


def _own_share(wanted: Sequence[SoughtWord], unit: Unit) -> float:
    return sum(one.weight * one.said_in(unit.text) for one in wanted) / sum(one.weight for one in wanted)


def _with_next(unit: Unit, other: Unit) -> Unit:
    gap = "" if re.match(f"[{CJK}]", other.text) else " "
    return Unit(unit.video_id, unit.channel, f"{unit.text}{gap}{other.text}", (*unit.parts, *other.parts), unit.spans)


def _in_question(text: str, question: Question) -> bool:
    """Whether the question itself says what would be its answer."""
    asked_words = set(re.findall(r"\w+", search_key(question.text)))
    words = [word for word in re.findall(r"\w+", search_key(text)) if word not in FUNCTION_WORDS]
    if question.wants == "place" and words and words[-1] in asked_words:
        return True  # "at the spring festival" is no answer to where the festival is
    if question.chinese:
        return search_key(text) in search_key(question.text)
    return bool(words) and asked_words.issuperset(words)


_UNTIL = re.compile(r"\b(?:until|till|by) (?:when|what|which)\b|到什么时候|到几[点号月]", re.I)
_FROM = re.compile(r"(?:\b(?:from|since|starting|begins?|opens?)(?: on| at)?|从|自)\s*$", re.I)
_WEEKDAY = re.compile(r"\b(mon|tues|wednes|thurs|fri|satur|sun)days?\b|(?:星期|周|礼拜)([一二三四五六日天])", re.I)
_SHUT = re.compile(
    r"\b(?:closed?|closes|shut|no (?:classes|tours|entry))\b|休息|闭园|闭馆|关门|关闭|休馆|停业|不开", re.I
)


def _other_time(asked: Asked, reading: Reading, unit: Unit, around: Surroundings) -> bool:
    """Whether a time is that of another day than the question names, or a beginning where an end is asked for."""
    if asked.kind not in ("clock", "date", "duration", "price", "thing"):
        return False
    if _UNTIL.search(asked.text) and _FROM.search(unit.text[: reading.start]):
        return True
    days = _days_in(asked.text)
    if not days or asked.negated or _SHUT.search(asked.text):
        return False
    beside = "\n".join(one.text for one in around.at_the_time_of(unit, ("speech", "screen")))
    if any(
        days & _days_in(part) for part in re.split(r"[/\n.。,，;；]", f"{unit.text}\n{beside}") if _SHUT.search(part)
    ):
        return True  # "Closed on Tuesdays" stands beside the hours
    own = _days_in(unit.text)
    between = re.search(r"[-–—~至到]|\bto\b|\bthrough\b", unit.text)
    return bool(own) and not own & days and not (len(own) == 2 and between)


def _days_in(text: str) -> set[str]:
    return {(found[1] or found[2]).casefold().replace("天", "日") for found in _WEEKDAY.finditer(text)}


def _agrees(question: Question, asked: Asked, text: str) -> bool:
    """Whether a line does not deny what the question takes for granted, and is not about another one of several."""
    if asked.ordinals and (others := ordinals_in(text)) and asked.ordinals.isdisjoint(others):
        return False
    if asked.kind == "reason":
        return True
    if asked.negated:
        return denies(text)
    return polarity_agrees(" ".join(one.text for one in asked.focus) or question.text, {text})
