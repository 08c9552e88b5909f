"""What a query, a question or a tag means by words for sounds: speech, singing, music, silence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from agents.words import Term, contains_phrase, content_terms, is_chinese, read_part
from encoders.plurals import singular
from encoders.sound_names import SILENCE, sound_names
from stores.core.text_keys import search_key

SPEECH = "speech"

_PERSON = 0.25
"""What a word for somebody counts: who sings is a person anyway, but which one no sound tells. Ours."""

_PEOPLE = frozenset(
    "man woman girl boy child kid lady guy gentleman male female adult crowd audience group "
    "男人 女人 男孩 女孩 男生 女生 孩子 小孩 儿童 女士 男士 男子 女子 大家 观众".split()
)
_WHO = frozenset(("singer", "vocalist", "歌手"))
"""Names of somebody who makes a sound: with other words they say what is seen ("a singer in a red dress")."""

_IDLE = frozenset(
    "part section segment passage play played playing hear heard listen listening sound audio time start begin end "
    "stop loud moment minute second place contain feature include find long often many".split()
)
_IDLE_IN_CHINESE = re.compile(
    "有没有|有人|什么时候|多长时间|多久|多长|几次|哪些?段|哪些?[个部]|几分几秒|第几秒|听得?到|听得?见|部分|时候|时间|地方|播放|响起|找出|找到|哪里|何时|开始|结束"
)
"""Words around the name of a sound that say nothing about it."""

_NOT = re.compile(
    r"(?:\b(?:no|not|without|never|nobody|neither|nor|lacks?|lacking|[a-z]+n[’']?t)\b(?:\W+\w+){0,2}\W+|"
    r"(?:(?<!有)没有?|(?<!有)无|(?<!是)不|未|别)[^，。,.]{0,2}?)$"
)


def sounds_in(text: str, vocabulary: Iterable[str] = ()) -> dict[str, float]:
    """The sounds that a text names, with the share of its content words that do so, in (0, 1].

    Speech and who sings count only where nothing else is named: else it is about what is said, and what is seen. What a
    text says is not there is not named.

    Args:
        vocabulary: Chinese words that are segmented as a whole.
    """
    text = read_part(text)
    key = search_key(text)
    plain = _IDLE_IN_CHINESE.sub("的", text)
    terms = [one for one in content_terms(plain, {*vocabulary, *_chinese()}) if one.text not in _IDLE]
    found: dict[str, float] = {}
    for sound, (english, chinese) in sound_names().items():
        phrases = [name for name in (*english, *chinese) if contains_phrase(name, text)]
        if not phrases or all(_negated(name, key) for name in phrases):
            continue
        words = {word for name in phrases for word in _words(name)}
        naming = [one for one in terms if one.text in words]
        rest = [one for one in terms if one.text not in words]
        # "no sound": all its words are of grammar, or say nothing.
        share = max(1, len(naming)) / (max(1, len(naming)) + sum(map(_weight, rest)))
        if (sound != SPEECH and not _WHO.issuperset(phrases)) or share == 1.0:
            found[sound] = share
    if SILENCE in found and len(found) > 1 and found[SILENCE] < 1.0:
        del found[SILENCE]
    return found


def names_only_sounds(text: str, vocabulary: Iterable[str] = ()) -> tuple[str, ...]:
    """The sounds that a text is about, if about nothing else but who makes them; () if it is about other things."""
    found: Mapping[str, float] = sounds_in(text, vocabulary)
    return tuple(sound for sound, share in found.items() if share >= 1.0 / (1.0 + 2 * _PERSON))


def _weight(term: Term) -> float:
    return _PERSON if term.text in _PEOPLE else 1.0


def _negated(name: str, key: str) -> bool:
    if is_chinese(name):
        places = [found.start() for found in re.finditer(re.escape(name), key)]
    else:
        places = [found.start() for found in re.finditer(rf"\b{re.escape(name)}", key)]
    return bool(places) and all(_NOT.search(key[:place]) for place in places)


@cache
def _words(name: str) -> tuple[str, ...]:
    key = search_key(name)
    return (key,) if is_chinese(name) else tuple(singular(word) for word in re.findall(r"\w+", key))


@cache
def _chinese() -> frozenset[str]:
    return frozenset(name for _, names in sound_names().values() for name in names)
