"""Understanding a question: what is to be done, about what, where the answer must lie, and what kind of answer it is.

Grammar (`grammar`) reads the form of words; likeness to examples (`examples`) decides what grammar leaves
open. Without an encoder grammar decides alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import get_args

from agents.questions.examples import kinds_of
from agents.questions.grammar import LIKELY, SURE, Reading, read
from agents.questions.hearing import asks_what_is_heard
from agents.questions.keystrokes import only_keystrokes
from agents.questions.nothing import KEYSTROKES, idleness
from agents.questions.question import Intent, Question, Source, Wants
from agents.questions.wording import in_simplified, is_in_chinese, spelled_out, without_politeness
from agents.words import (
    FUNCTION_CHARACTERS,
    FUNCTION_WORDS,
    GREETINGS,
    SCAFFOLD_TERMS,
    SCAFFOLD_WORDS,
    Term,
    content_terms,
    read_part,
)
from encoders.bundle import Encoders
from stores.core.text_keys import HAN, search_key

OUTVOTED = 0.75
"""Probability by likeness from which it overrules a rule of grammar that is not sure, times the rule's certainty over
`LIKELY`. Ours."""

_SPEECH = re.compile(
    r"\b(say|says|said|saying|tell|tells|told|talk|talks|talked|mention\w*|discuss\w*|explain\w*|claim\w*|according to|"
    r"speech|speaker|spoke|speak|quote[sd]?|argue\w*|promise\w*|recommend\w*|advice|advise\w*)\b|"
    r"说|讲|提到|提及|谈到|谈论|介绍|解释|认为|建议|告诉|台词",
    re.I,
)
_SPEAKING = re.compile(r"talk\w*|mention\w*|discuss\w*|speak(?!er)\w*|spoke\w*|explain\w*")
_SCREEN = re.compile(
    r"\b(written|writing|title|caption\w*|subtitle\w*|text|"
    r"(?<!stop )(?<!traffic )(?<!street )(?<!road )sign|logo|label|headline|credits|banner|slide)\b|"
    r"标题|字幕|文字|写着|写了什么|招牌|片名|片头|标志",
    re.I,
)
_READ_ALOUD = re.compile(
    r"\b(?:sign|signs|label|banner|poster|screen|slide|caption|title|board|note|headline|menu|"
    r"subtitles?) (?:say|says|read|reads)\b",
    re.I,
)
_ACCOUNT = re.compile(
    r"^\s*(why|when)\b|\bwhich (team|company|country|city|brand|person|party|university)\b|\b(won|winner)\b|"
    r"为什么|为何|什么时候|哪支|哪家",
    re.I,
)
_IN_PICTURES = re.compile(
    r"\b(?:appears?|appeared|visible|seen|see|on screen|shown?|shows|in the (?:picture|frame|shot|"
    r"background|video|clip)|(?:are|is) there|walk\w*|sit\w*|stand\w*|wear\w*)\b|"
    r"出现|看到|看见|画面|镜头|露面|有(?:多少|几)|走|坐|站|穿|戴",
    re.I,
)
_SAID: frozenset[Wants] = frozenset(("name", "number", "price", "date", "reason", "duration", "time"))
_SEEN: frozenset[Wants] = frozenset(("colour", "object", "action"))
_OPEN: frozenset[Wants] = frozenset(("anything", "object", "action", "text"))
_HAN = re.compile(f"[{HAN}]")
_LATIN_WORD = re.compile("[a-z0-9]+")

_ROLE_WORDS = frozenset("speaker narrator presenter title caption subtitle text".split())
"""Words that refer to a channel rather than to its content."""

_FORMS_OF_QUESTIONS: Mapping[str, frozenset[str]] = {
    "when": frozenset(
        "appear appears appeared first last time second minute moment point start begin often long".split()
    ),
    "order": frozenset("happen first last next step order sequence come follow".split()),
    "compare": frozenset("compare comparison difference differ different common longer shorter bigger same".split()),
    "summarise": frozenset(
        "summary summarise summarize overview recap gist outline main key point topic brief".split()
    ),
    "tags": frozenset("tag label keyword category".split()),
    "find": frozenset("find search locate jump".split()),
    "which_videos": frozenset("list find".split()),
    "count": frozenset("number count time total".split()),
    "where": frozenset("place location".split()),
}
"""Content words that say what is to be done and are no topic of that intent."""

_FORMS_IN_CHINESE = re.compile(
    "(?:多少|几)[个只条匹头辆架艘位张把座台件棵朵本支枝块颗名群种次部段份杯瓶碗盘双对间栋扇套]|"
    "第几(?:秒钟?|分钟?)|几分几秒|哪(?:一)?(?:秒|分钟|刻)|第一次|最后一次|首次|什么时候|什么时间|"
    "何时|几点|多久|多长时间|"
    "之后|之前|以后|以前|接下来|总结|概括|概述|描述|找一下|找到|找出|搜索|列出|显示|有没有|是不是|"
    "数一数|有几|多少|什么颜色|怎么样|分别|哪一?[个些位]"
)

_ASKS_WHAT = re.compile(r"\b(what|describe|summari[sz]e|summary)\b|什么|哪些|描述|总结|概括", re.I)
_GENERAL_WORDS = (
    FUNCTION_WORDS
    | SCAFFOLD_WORDS
    | GREETINGS
    | frozenset(
        "happen happens happened happening going visible appear appears hear heard contain contains content contents "
        "describe summarize summarise summary written writing saying spoken read".split()
    )
)
_GENERAL_CHINESE = re.compile(
    "|".join((*SCAFFOLD_TERMS, *"请 描述 总结 概括 内容 发生 出现 看到 看见 听到 写 说 讲".split()))
)
_SUBJECT_ALONE = re.compile(
    r"^\s*what\s+(?:is|are|was|were|does|do|did|has|have)\s+(?P<subject>(?:[^\W\d_]+\s+){1,2})"
    r"(?P<verb>writing|write|written|saying|say|said)\s*[?.!]*\s*$",
    re.I,
)
_SUBJECT_ALONE_IN_CHINESE = re.compile(
    f"^\\s*(?P<subject>(?:(?![对关就为向给])[{HAN}]){{1,4}}?)(?:正在|在|都)?(?P<verb>写|说|"
    f"讲)[了着过些]*什么\\s*[？?。]?\\s*$"
)


def understand(text: str, vocabulary: Iterable[str] = (), encoders: Encoders | None = None) -> Question:
    """Analyse a question without a language model.

    The picture models recognise no names, numbers, reasons or results, so questions for these can only be answered from
    what was said or read; counts and times of what can be seen are the exception.

    Args:
        text: standing alone, without names of videos. Only its first `LONGEST_QUERY` characters count.
        vocabulary: Chinese words that are segmented as a whole.
        encoders: for the likeness to examples and to tell words from keystrokes; None for grammar alone.

    Raises:
        WeightsError: as `Encoders.text`, with ``encoders``.
    """
    vocabulary = frozenset(vocabulary)
    asked = without_politeness(read_part(text))
    chinese = is_in_chinese(asked)
    plain = in_simplified(asked) if chinese else spelled_out(asked)
    kinds = kinds_of(plain, encoders.text) if encoders is not None and plain else None
    reading = read(plain, chinese)
    given = read_part(text).strip()
    idle = idleness(plain, in_simplified(given) if chinese else spelled_out(given), kinds)
    if not idle.reason and encoders is not None and only_keystrokes(asked, encoders):
        idle = KEYSTROKES
    intent, confidence = _decided(reading, kinds)
    alone = None if _READ_ALOUD.search(plain) else _SUBJECT_ALONE.match(plain) or _SUBJECT_ALONE_IN_CHINESE.match(plain)
    wants = _kind(reading, intent)
    source = _source(plain, intent, wants, alone["verb"].lower() if alone else "")
    if not alone and asks_what_is_heard(plain, intent, reading.yes_or_no, vocabulary):
        source = "sound"
    topic = _topic(_terms(plain, chinese, vocabulary), source, intent, wants)
    overview = bool(alone) or (wants in _OPEN and _names_no_topic(plain)) or (intent == "summarise" and not topic)
    return Question(
        text=asked or text,
        terms=topic,
        source=source,
        wants=wants,
        chinese=chinese,
        yes_or_no=reading.yes_or_no,
        overview=overview,
        subject=content_terms(alone["subject"], vocabulary) if alone else (),
        intent="nothing" if idle.reason else intent,
        relation=reading.relation,
        anchor=content_terms(reading.anchor, vocabulary) if reading.anchor else (),
        things=reading.things,
        idle=idle.reason,
        confidence=idle.strength if idle.reason else confidence,
        idle_strength=idle.strength,
        otherwise=intent,
    )


def _decided(reading: Reading, kinds: Mapping[str, float] | None) -> tuple[Intent, float]:
    """The intent, by grammar or, where that is not sure, by likeness."""
    if kinds is None:
        return reading.intent, reading.certainty
    likely = {intent: kinds.get(intent, 0.0) for intent in get_args(Intent)}
    best: Intent = max(likely, key=likely.__getitem__)
    if reading.certainty < SURE and likely[best] > OUTVOTED * reading.certainty / LIKELY:
        return best, likely[best]
    return reading.intent, max(reading.certainty, likely[reading.intent])


def _kind(reading: Reading, intent: Intent) -> Wants:
    """What the answer must contain: what is said about a price need be no price."""
    if intent in ("which_videos", "tags", "find", "summarise") or (intent == "quote" and reading.wants != "text"):
        return "anything"
    if intent == "compare" and reading.wants not in ("duration", "price", "number", "colour", "date"):
        return "anything"
    if intent == "shown" and reading.wants in ("name", "reason", "text", "place"):
        return "anything"
    expected: Mapping[Intent, Wants] = {"count": "number", "who": "name", "where": "place"}
    if intent in expected and not reading.yes_or_no:
        return expected[intent]
    if intent == "when" and not reading.yes_or_no and reading.wants not in ("duration", "number"):
        return "time"
    return reading.wants


def _terms(plain: str, chinese: bool, vocabulary: frozenset[str]) -> tuple[Term, ...]:
    """The content words; of a Chinese question without the forms that ask, which would be cut into pairs with it."""
    if chinese:
        topic = content_terms(_FORMS_IN_CHINESE.sub("的", plain), vocabulary)
        if topic:
            return topic
    return content_terms(plain, vocabulary)


def _topic(terms: Iterable[Term], source: Source, intent: Intent, wants: Wants) -> tuple[Term, ...]:
    """The content words without those for the channel and for what is to be done, and without words for speaking if
    speech is asked for."""
    topic = tuple(term for term in terms if term.text not in _ROLE_WORDS)
    forms = _FORMS_OF_QUESTIONS.get(intent, frozenset())
    if wants == "colour":
        forms |= {"colour", "color"}
    rest = tuple(term for term in topic if term.text not in forms)
    topic = rest if rest or intent in ("summarise", "tags") else topic
    spoken_of = tuple(term for term in topic if not _SPEAKING.fullmatch(term.text))
    return spoken_of if spoken_of and source == "speech" else topic


def _source(asked: str, intent: Intent, wants: Wants, verb: str) -> Source:
    if verb:
        return "screen" if verb.startswith(("writ", "写")) else "speech"
    if _READ_ALOUD.search(asked):
        return "screen"
    if _SPEECH.search(asked):
        return "speech"
    if _SCREEN.search(asked):
        return "screen"
    if intent in ("count", "when", "compare", "shown", "order") and (wants in _SEEN or _IN_PICTURES.search(asked)):
        return "picture"
    if wants in _SEEN or intent in ("which_videos", "find", "shown"):
        return "picture"
    return "words" if wants in _SAID or _ACCOUNT.search(asked) else "picture"


def _names_no_topic(text: str) -> bool:
    """Whether a question asks "what" and has no other content word."""
    key = search_key(text)
    if not _ASKS_WHAT.search(key) or not _GENERAL_WORDS.issuperset(_LATIN_WORD.findall(key)):
        return False
    return FUNCTION_CHARACTERS.issuperset(_HAN.findall(_GENERAL_CHINESE.sub("", key)))
