"""Reasons, purposes, meanings and ways in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.answering.text.readers.reading import Reading, readings

_STOP = r"(?=[.!?;。！？；]|$)"
_REASONS = (
    re.compile(
        rf"\b(?:because(?: of)?|due to|owing to|thanks to|the (?:main )?reason (?:is|was|"
        rf"for this is)(?: that)?|caused by|on account of|'cause)\s+(?P<a>.+?){_STOP}",
        re.I,
    ),
    re.compile(r"(?:因为|由于|原因是|是因为)(?P<a>[^。！？；]+?)(?=所以|因此|[。！？；]|$)"),
)
_WEAK_REASONS = (
    re.compile(
        rf"\b(?P<a>(?:so that|in order to|so as to|otherwise|as (?:the|it|we|they|he|she)\b|"
        rf"since (?:the|it|we|they|he|she)\b|for fear of).+?){_STOP}",
        re.I,
    ),
    re.compile(r"(?P<a>(?:为了|以便|免得|以免|不然|否则)[^。！？；]+)"),
    re.compile(
        r"(?P<a>\S.*?)(?<!\s)\s*,?\s*\b(?:so(?! that)|therefore|that is why|that's why|which is why|hence)\b\s", re.I
    ),
    re.compile("(?P<a>[^。！？；]+?)[，,]?(?:所以|因此|于是)"),
    re.compile(
        rf"\b(?P<a>(?:for \w+ing|to (?:keep|make|avoid|prevent|protect|help|save|get|stop|let|give|"
        rf"hold|remove|stay|be|see|have|reach|show|reduce|improve|catch|clean|dry|cool|warm|find|fix|"
        rf"repair)\b).*?){_STOP}",
        re.I,
    ),
)
_PURPOSES = (
    re.compile(
        rf"\b(?:used|meant|designed|made|intended|there|good|great|perfect|ideal|reserved|"
        rf"needed) (?P<a>(?:to|for) .+?){_STOP}",
        re.I,
    ),
    re.compile(rf"\b(?:is|are|'s|was) (?P<a>for (?:the |your |our |my |a |an )?.+?){_STOP}", re.I),
    re.compile(
        rf"\b(?P<a>(?:so (?:that )?(?:you|we|it|they) (?:can|could)|helps?(?: you| us| to)?|"
        rf"lets (?:you|us)|allows (?:you|us)|keeps?|protects?|stores?|holds?|opens?|measures?|shows?|"
        rf"tells us) .+?){_STOP}",
        re.I,
    ),
    re.compile(r"(?P<a>(?:用来|用于|是为了|为了|可以用来|能够|可以|帮助)[^。！？；]+)"),
)
_USED_IN_CHINESE = re.compile(r"用[^，。！？]{1,10}?来(?P<a>[^。！？；，]+)")
_MEANINGS = (
    re.compile(
        rf"\b(?:stands? for|means?|refers? to|is defined as|is short for|is another word for|"
        rf"is called)\s+(?P<a>.+?){_STOP}",
        re.I,
    ),
    re.compile(rf"\b(?:is|are) (?P<a>(?:a|an|the|when|where|any|what) .+?){_STOP}", re.I),
    re.compile(r"(?:的意思是|意思是|指的是|就是|代表|表示|意味着|是指|指)(?P<a>[^。！？；]+)"),
    re.compile(r"是(?P<a>(?:一种|一个|指|用)[^。！？；]+)"),
)
_WAYS = (
    re.compile(rf"\b(?P<a>(?:by \w+ing|using|with (?:a|the|your|some)|through) .+?){_STOP}", re.I),
    re.compile(r"(?P<a>(?:通过|用[^。！？；]{1,10}[来把]|只要|按照)[^。！？；]+)"),
)
_COLOUR = re.compile(
    r"\b(?:(?:dark|light|bright|pale|deep) )?(?:red|green|blue|yellow|orange|purple|pink|brown|"
    r"black|white|gr[ae]y|violet|turquoise|golden|silver|beige|navy|teal|crimson|"
    r"scarlet)(?: and (?:red|green|blue|yellow|orange|purple|pink|brown|black|white|gr[ae]y))?\b|"
    r"(?:深|浅|淡|大|粉|天|墨|米|金|银)?[红绿蓝黄橙紫粉棕黑白灰金银褐青](?:色|的)",
    re.I,
)


def reasons(text: str) -> Iterator[Reading]:
    """Why something is so."""
    for pattern in _REASONS:
        yield from readings(pattern, text)
    for pattern in _WEAK_REASONS:
        yield from readings(pattern, text, 0.7)


def purposes(text: str) -> Iterator[Reading]:
    """What something is for."""
    yield from readings(_PURPOSES[0], text)
    yield from readings(_PURPOSES[1], text)
    yield from readings(_PURPOSES[2], text, 0.7)
    yield from readings(_PURPOSES[3], text, 0.9)
    yield from readings(_USED_IN_CHINESE, text)


def meanings(text: str) -> Iterator[Reading]:
    """What something is or means."""
    yield from readings(_MEANINGS[0], text)
    yield from readings(_MEANINGS[2], text)
    yield from readings(_MEANINGS[1], text, 0.8)
    yield from readings(_MEANINGS[3], text, 0.8)


def ways(text: str) -> Iterator[Reading]:
    """How something is done."""
    for pattern in _WAYS:
        yield from readings(pattern, text, 0.8)


def colours(text: str) -> Iterator[Reading]:
    """Colours that are said or written."""
    yield from readings(_COLOUR, text)
