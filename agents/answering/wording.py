"""Sentences of answers that are put together without a language model, in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath
from typing import Literal


def clock(seconds: float) -> str:
    """A time as a player shows it: ``0:04``, ``1:02:03``; whole seconds, rounded down."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def length(seconds: float, chinese: bool) -> str:
    """How long something takes: ``10 s``, ``2 min 5 s``."""
    whole = round(seconds, 1) if seconds < 10 else round(seconds)
    if whole < 60:
        return f"{whole:g}秒" if chinese else f"{whole:g} s"
    minutes, rest = divmod(round(seconds), 60)
    if chinese:
        return f"{minutes}分{rest}秒" if rest else f"{minutes}分钟"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def listed(names: Iterable[str], chinese: bool) -> str:
    """Names one after the other: ``car, bus and bicycle``."""
    every = list(dict.fromkeys(names))
    if chinese:
        return "、".join(every)
    return every[0] if len(every) == 1 else f"{', '.join(every[:-1])} and {every[-1]}" if every else ""


def plural(name: str) -> str:
    """Several of an English noun: ``cars``, ``buses``, ``people``."""
    words, last = name.rsplit(" ", 1) if " " in name else ("", name)
    if last.lower() in _PLURALS:
        last = _PLURALS[last.lower()]
    elif re.search(r"(?:s|x|z|ch|sh)$", last):
        last = last if last.endswith("s") and not last.endswith(("ss", "us")) else f"{last}es"
    elif re.search(r"[^aeiou]y$", last):
        last = f"{last[:-1]}ies"
    elif re.search(r"(?:[^f]fe|lf|af)$", last):
        last = re.sub("fe?$", "ves", last)
    else:
        last = f"{last}s"
    return f"{words} {last}".strip()


_PLURALS = {
    "person": "people",
    "man": "men",
    "woman": "women",
    "child": "children",
    "mouse": "mice",
    "goose": "geese",
    "tooth": "teeth",
    "foot": "feet",
    "sheep": "sheep",
    "deer": "deer",
    "fish": "fish",
    "aircraft": "aircraft",
    "ox": "oxen",
    "giraffe": "giraffes",
}


def one_of(name: str) -> str:
    """An English noun with its article: ``a car``, ``an apple``; without one if it is of several (``jeans``)."""
    last = name.rsplit(" ", 1)[-1]
    if last.endswith("s") and not last.endswith(("ss", "us", "is")):
        return name
    return f"{'an' if re.match('[aeiou]', name, re.I) and not re.match('uni|use|eu', name, re.I) else 'a'} {name}"


def capital(text: str) -> str:
    """A text as the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def there_is(name: str, chinese: bool) -> str:
    """That something is seen, as the answer to whether it is."""
    return f"是的，有{name}" if chinese else f"Yes, there is {one_of(name)}"


def at_one_time(name: str, count: int, measure: str, chinese: bool) -> str:
    """How many of a thing are seen at once."""
    if chinese:
        return f"同时看到{count}个人" if name in ("人", "人物") else f"同时看到{count}{measure}{name}"
    return f"{count} {name if count == 1 else plural(name)} at the same time"


_FRAMES = re.compile(
    r"\bat the same time\b|\bin all\b|\b(?:is|are) (?:seen|said|on screen)\b(?:\s+times?\b)?|\bappears?\b|\buntil\b|"
    r"\bis (?:the )?(?:longest|shortest|longer|shorter)\b|\bfps\b|^(?:More|Fewer) |^Seen in most: |\btimes?$|"
    r"同时看到\s*[只辆个]?|一共出现|出现(?:\s*次)?|说到(?:\s*次)?|显示|到\s+为止|[最更][长短]的是|更[多少]|^共\s*个?|总长|"
    r"最常看到：|帧/秒",
    re.I,
)


def without_frames(text: str) -> str:
    """A sentence of ours without what stands around things and values ("at the same time"), which no line says."""
    return _FRAMES.sub(" ", text)


_WHILE_SEEN = {
    "woman": ("While a woman alone is in the picture: ", "画面中只有一位女性时："),
    "man": ("While a man alone is in the picture: ", "画面中只有一位男性时："),
}


def while_seen(sex: Literal["woman", "man"], chinese: bool) -> str:
    """What stands before words that are said while one woman, or man, is seen and nobody else."""
    return _WHILE_SEEN[sex][chinese]


def without_while_seen(text: str, faces: Collection[str]) -> str:
    """A sentence without `while_seen` of one of some faces (``woman``, ``man``)."""
    for face in _WHILE_SEEN.keys() & faces:
        for words in _WHILE_SEEN[face]:
            text = text.replace(words, " ")
    return text


def file_name(uri: str) -> str:
    """The last part of a place."""
    return PurePosixPath(uri).name or uri


_CHINESE_COLOURS = {
    "red": "红色",
    "orange": "橙色",
    "yellow": "黄色",
    "green": "绿色",
    "blue": "蓝色",
    "purple": "紫色",
    "pink": "粉色",
    "brown": "棕色",
    "black": "黑色",
    "white": "白色",
    "grey": "灰色",
}


def colour(name: str, chinese: bool) -> str:
    """A colour's name in the answer's language."""
    return _CHINESE_COLOURS.get(name, name) if chinese else name
