"""Understanding a question: its topic, whether words or pictures can answer it, and what kind of answer it wants."""

from __future__ import annotations

import re
from collections.abc import Iterable

from agents.questions.question import Question, Source, Wants
from agents.words import (
    FUNCTION_CHARACTERS,
    FUNCTION_WORDS,
    GREETINGS,
    SCAFFOLD_TERMS,
    SCAFFOLD_WORDS,
    Term,
    content_terms,
)
from stores.core.text_keys import HAN, search_key

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
    r"标题|字幕|文字|写着|招牌|片名|片头|标志",
    re.I,
)
_POLITE = re.compile(
    r"^\s*(please\s+)?((can|could|would) you\s+)?(please\s+)?tell( me)?\b|^\s*(请)?告诉我",
    re.I,
)
_NAME = re.compile(
    r"^\s*who\b|\bwho (is|was|won|made|wrote|said)|\bname of\b|\bcalled\b|\bwhat('s| is) the name\b|\bwhose\b|"
    r"谁|叫什么|名字|名称",
    re.I,
)
_NUMBER = re.compile(
    r"\bhow (many|much|old|long|far|tall|big|fast|often)\b|"
    r"\bwhat (price|year|date|time|number|percentage|score|age|amount)\b|"
    r"\b(price|cost|costs|percent|percentage|score)\b|多少|几[个次年天岁点块元只条匹头辆架艘位张把座台件]|价格|价钱|多大|多长|哪一年",
    re.I,
)
_ACCOUNT = re.compile(
    r"^\s*(why|when)\b|\bwhich (team|company|country|city|brand|person|party|university)\b|\b(won|winner)\b|"
    r"为什么|为何|什么时候|哪支|哪家",
    re.I,
)
_YES_OR_NO = re.compile(
    r"^\s*(is|are|was|were|do|does|did|can|has|have)\b|有没有|是不是|([吗吧]|(?<![什怎多这那要])么)[？?。]?\s*$", re.I
)
_HAN = re.compile(f"[{HAN}]")
_LATIN_WORD = re.compile("[a-z0-9]+")

_ROLE_WORDS = frozenset("speaker narrator presenter title caption subtitle text".split())
"""Words that refer to a channel rather than to its content."""

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
    f"^\\s*(?P<subject>[{HAN}]{{1,4}}?)(?:正在|在|都)?(?P<verb>写|说|讲)[了着过些]*什么\\s*[？?。]?\\s*$"
)


def understand(text: str, vocabulary: Iterable[str] = ()) -> Question:
    """Analyse a question without a language model. The picture models recognise no names, numbers, reasons or results,
    so questions for these can only be answered from what was said or read."""
    asked = _POLITE.sub("", text)
    wants: Wants = "number" if _NUMBER.search(asked) else "name" if _NAME.search(asked) else "anything"
    alone = _SUBJECT_ALONE.match(asked) or _SUBJECT_ALONE_IN_CHINESE.match(asked)
    source = _source(asked, wants, alone["verb"].lower() if alone else "")
    return Question(
        text=text,
        terms=_topic(content_terms(text, vocabulary), source),
        source=source,
        wants=wants,
        chinese=bool(_HAN.search(text)),
        yes_or_no=bool(_YES_OR_NO.search(asked)),
        overview=bool(alone) or (wants == "anything" and _names_no_topic(text)),
        subject=content_terms(alone["subject"], vocabulary) if alone else (),
    )


def _topic(terms: Iterable[Term], source: Source) -> tuple[Term, ...]:
    """The content words without those for the channel, and without words for speaking if speech is asked for."""
    topic = tuple(term for term in terms if term.text not in _ROLE_WORDS)
    spoken_of = tuple(term for term in topic if not _SPEAKING.fullmatch(term.text))
    return spoken_of if spoken_of and source == "speech" else topic


def _source(asked: str, wants: Wants, verb: str) -> Source:
    if verb:
        return "screen" if verb.startswith(("writ", "写")) else "speech"
    if _SPEECH.search(asked):
        return "speech"
    if _SCREEN.search(asked):
        return "screen"
    return "words" if wants != "anything" or _ACCOUNT.search(asked) else "picture"


def _names_no_topic(text: str) -> bool:
    """Whether a question asks "what" and has no other content word."""
    key = search_key(text)
    if not _ASKS_WHAT.search(key) or not _GENERAL_WORDS.issuperset(_LATIN_WORD.findall(key)):
        return False
    return FUNCTION_CHARACTERS.issuperset(_HAN.findall(_GENERAL_CHINESE.sub("", key)))
