"""The last question with another thing in its place: "what about dogs?", "no, I meant the red one", 那猫呢？"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.questions.conversation.mentions import attribute_in, is_attribute
from agents.questions.conversation.referents import PERSONS
from agents.questions.conversation.turns import Turn
from agents.questions.things import things_in_chinese, things_in_english
from agents.questions.understanding import understand
from agents.questions.wording import in_simplified, is_in_chinese, spelled_out
from encoders.plurals import singular

_CORRECTION = re.compile(
    r"^(?:no|nope|not (?:that|this)(?: one)?|wrong|sorry|wait|actually|i mean|well|"
    r"oh)?[\s,.!:;-]*(?:no[\s,]*)?(?:i (?:meant|mean|was (?:asking|talking) about|am asking about|"
    r"asked (?:about|for)|said|want(?:ed)?)|not [^,.]{1,30}[,.]? but|rather|"
    r"instead)\s+(?P<meant>.{1,60}?)(?: instead)?\W*$|"
    r"^(?:no|nope|wrong|sorry|actually)[\s,.!:;-]+(?P<short>the .{1,40}?|\w+(?: \w+)?)\W*$",
    re.I,
)
_CORRECTION_IN_CHINESE = re.compile(
    "^(?:不是?|不对|错了|等等|等一下|抱歉)?[，,。！!\\s]*(?:不是.{1,10}[，,])?(?:(?<=[，,。！!\\s])而?是|我(?:是说|"
    "说的是|指的是|的意思是|想问的是|问的是|要的是))(?P<meant>.{1,20}?)[？?。！!]*$|^(?:不是|不对|"
    "错了)[，,。！!\\s]+(?P<short>.{1,15}?)[？?。！!]*$"
)
_ONE = re.compile(r"^(?:the |a |an )?(?P<kind>(?:\S+ ){0,2}\S+?) ones?$", re.I)
_ONE_IN_CHINESE = re.compile("^(?:那)?(?:个|只|辆|条)?(?P<kind>.{1,6}?)的(?:那)?(?:个|只|辆|条)?$")
_ARTICLE = re.compile(r"^(?:the|a|an|any|some)\s+", re.I)
_WITH_ARTICLE = re.compile(r"\b(?:the|a|an|any|some)\s+$", re.I)
_PLACE = re.compile(r"^(?:in|on|at|near|under|behind|inside|outside|with|from|during)\b", re.I)
_COLOURS = (
    r"\b(?:red|orange|yellow|green|blue|purple|violet|pink|brown|black|white|gr[ae]y|golden|silver)\b|"
    "[红橙黄绿蓝紫粉棕黑白灰金银](?:色)?"
)
_COLOUR = re.compile(_COLOURS, re.I)
_ONLY_COLOUR = re.compile(rf"^(?:the |any )?(?:{_COLOURS})(?: ones?|的(?:那)?[个只辆条]?)?$", re.I)
_MEASURE = re.compile(
    r"^(?:cups?|glass(?:es)?|bottles?|pieces?|slices?|pairs?|kinds?|types?|sorts?|groups?|packs?|bowls?|spoons?|"
    r"grams?|pictures?|photos?)$",
    re.I,
)
_PLACED = re.compile(r"^ (?:in|on|at|from|inside|near) (?:the |a |an )\w+(?= \w+\W*$)", re.I)
"""A place that belongs to the old thing: of "the drum in the workshop cost" it goes with the drum."""

_ONES = re.compile(
    r"\b(?P<before>(?:many|any|some|the|an?|few|no|which) )(?P<kind>(?!(?:other|which|these|those|same|next|last|first|"
    r"second|third|of)\b)[a-z]+) ones?\b",
    re.I,
)
_VOWEL = re.compile("^[aeiou]", re.I)


def corrected(plain: str, chinese: bool) -> str:
    """What a correction says was meant; "" if it is none."""
    found = (_CORRECTION_IN_CHINESE if chinese else _CORRECTION).match(plain)
    return (found["meant"] or found["short"] or "").strip() if found else ""


def put_in_place(meant: str, turn: Turn, chinese: bool) -> str:
    """The last question about what is meant instead; "" if it has no thing that could be replaced."""
    last = turn.question
    asked_in_chinese = is_in_chinese(last)
    colour = _COLOUR.search(last)
    if colour and _ONLY_COLOUR.match(meant):
        other = _COLOUR.search(meant)
        assert other is not None
        word = other.group().removesuffix("色") + "色" * colour.group().endswith("色")
        return last[: colour.start()] + word + last[colour.end() :]
    owner = re.match(r"(?:the )?(?P<what>\w+) of (?:the |a )?\w+|.+['’]s (?P<had>\w+)$", meant, re.I)
    if owner and is_attribute(owner["what"] or owner["had"]):
        return f"What is {meant}?"
    if is_attribute(_ARTICLE.sub("", meant)):
        return _other_attribute(_ARTICLE.sub("", meant), turn, chinese)
    if not chinese and _PLACE.match(meant):
        return f"{last.rstrip(' ?.!')} {meant}?"
    plain = in_simplified(last) if asked_in_chinese else spelled_out(last)
    intent = understand(last).otherwise
    things = things_in_chinese(plain, intent) if asked_in_chinese else things_in_english(plain, intent)
    named = [one for one in (*turn.things, *things) if one and re.search(re.escape(one), plain, re.I)]
    named = [one for one in named if not is_attribute(one)] or named
    old = next((one for one in named if _alike(one, meant)), named[0] if named else "")
    if not old:
        return ""
    old = _of_measure(old, plain)
    new = _completed(re.sub("^有(.+?)的$", r"\1", meant), old, chinese)
    start = re.search(re.escape(old), plain, re.I)
    assert start is not None
    before, after = plain[: start.start()], _PLACED.sub("", plain[start.end() :])
    if asked_in_chinese:
        before = re.sub("[这那][款个辆只位部家条本座]$", "", before)
    else:
        before, new = _articles(before, new)
    return before + new + after


def _other_attribute(meant: str, turn: Turn, chinese: bool) -> str:
    """ "And the price?" after a question about a lamp: what is the price of the lamp?"""
    other = attribute_in(turn.question) if chinese else ""
    if other and other != meant:
        return turn.question.replace(other, meant, 1)
    topic = next((one for one in turn.things if not is_attribute(one) and one.lower() in turn.question.lower()), "")
    if not topic:
        return ""
    if chinese:
        return f"{topic}的{meant}是什么？" if is_in_chinese(topic) else ""
    return f"What is {topic}'s {meant}?" if topic[0].isupper() else f"What is the {meant} of the {topic}?"


def _alike(one: str, other: str) -> bool:
    """Whether two nouns have the same head, or both are persons."""
    same = one.lower().split()[-1] == other.lower().split()[-1] or one[-1] == other[-1] > "\u3400"
    return same or bool(PERSONS.search(one) and PERSONS.search(other))


def with_nouns_for_ones(plain: str, things: Sequence[str]) -> str:
    """ "How many green ones are there?" with the noun for "ones"; "" if it has none, or nothing was named."""
    found = _ONES.search(plain)
    if not found or not things:
        return ""
    head = things[0].split()[-1]
    head = head if found.group().lower().endswith("ones") or singular(head) == head else singular(head)
    many = found.group().lower().endswith("ones") and singular(head) == head
    return f"{plain[: found.start()]}{found['before']}{found['kind']} {head}{'s' * many}{plain[found.end() :]}"


def _of_measure(old: str, plain: str) -> str:
    """Of "how many cups of milk" the milk is what is asked about."""
    found = re.search(rf"\b{re.escape(old)} of (?:the )?(\w+)", plain, re.I) if _MEASURE.match(old) else None
    return found[1] if found else old


def _completed(meant: str, old: str, chinese: bool) -> str:
    """ "The red one" of a question about cars is a red car."""
    if chinese:
        one = _ONE_IN_CHINESE.match(meant)
        return f"{one['kind']}的{old.split('的')[-1]}" if one else re.sub("^(?:那|这)(?:个|只|辆)?", "", meant) or meant
    one = _ONE.match(meant)
    return f"{one['kind']} {old.split()[-1]}" if one else meant


def _articles(before: str, new: str) -> tuple[str, str]:
    """One article before the new thing: its own if it has one, else that of the old one, as the number demands."""
    article = _WITH_ARTICLE.search(before)
    if not article:
        return before, _ARTICLE.sub("", new) if not before.strip() or before.lower().rstrip().endswith("many") else new
    word = article.group().strip().lower()
    bare = _ARTICLE.sub("", new)
    if word in ("a", "an"):
        last = bare.split()[-1].lower() if bare.split() else ""
        if singular(last) != last:
            return before[: article.start()], bare
        return before[: article.start()] + ("an " if _VOWEL.match(bare) else "a "), bare
    return before, bare
