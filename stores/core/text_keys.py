"""Keys by which text is compared: in the index, in queries, in tags and their aliases.

Two texts mean the same words if their keys are equal. Keys are never shown; texts stay as they were.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

import opencc

VERSION = 1
"""Raised whenever `search_key` or `key_words` returns something else, so that libraries rebuild their keys."""

HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
"""Chinese characters, for a character class."""

CJK = f"{HAN}\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\uac00-\ud7a3"
"""Characters of scripts that put no space between words (or, as Korean, join particles to them): Han, kana, Hangul."""

STOP_WORDS = frozenset(
    "a an and any are as at be been being but by can could did do does for from had has have he her hers him his how i "
    "if in into is it its me my of on or our she should so some than that the their them then there these they this "
    "those to was we were what when where which while who whom whose why will with would you your "
    "d don isn ll m re s t ve".split()
)
"""English function words, as questions contain them, and the remains of contractions ("it's" gives "s")."""

_WORDS = re.compile(f"(?P<run>[{CJK}]+)|(?P<word>(?:(?![{CJK}])[^\\W_])+)")

_ACCENTS = re.compile("[\u0300-\u036f]+")

# Letters that Unicode does not decompose, as they are typed on a plain keyboard.
_PLAIN_LETTERS = {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe"}

# The blocks with Traditional characters: those of HAN without iteration marks and compatibility forms.
_HAN_BLOCKS = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x20000, 0x323AF))


def search_key(text: str) -> str:
    """``text`` as it is compared: NFKC, no case, no accents on letters, Traditional characters as Simplified ones.

    Applied character by character, so that the key of a substring is a substring of the key.
    """
    if text.isascii():
        return text.lower()
    spread = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    # Only accents of alphabets: a voicing mark makes a Japanese kana another sound.
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", spread))
    return plain.translate(_simplified())


def search_keys(texts: Sequence[str]) -> list[str]:
    """`search_key` of each of very many texts, at a fraction of the time."""
    plain = iter(_keys_together([text for text in texts if text.isascii()]))
    others = iter(_keys_together([text for text in texts if not text.isascii()]))
    return [next(plain if text.isascii() else others) for text in texts]


def _keys_together(texts: Sequence[str]) -> list[str]:
    # No character is combined with a line break, before or behind it.
    keys = search_key("\n".join(texts)).split("\n")
    return keys if len(keys) == len(texts) else [search_key(text) for text in texts]


def name_key(name: str) -> str:
    """The key of a name: that of its text, with single spaces."""
    return " ".join(search_key(name).split())


def words_in(key: str) -> list[tuple[str, bool]]:
    """The words of a key in their order, and whether each is a run of CJK characters, which may be many words."""
    return [(match.group(), match.lastgroup == "run") for match in _WORDS.finditer(key)]


def key_words(text: str) -> list[str]:
    """The words of a text as the full-text index holds them: keys, each CJK character a word of its own."""
    words: list[str] = []
    for word, run in words_in(search_key(text)):
        words += list(word) if run else [word]
    return words


@cache
def _simplified() -> dict[int, str]:
    table = {ord(letter): plain for letter, plain in _PLAIN_LETTERS.items()}
    characters = [chr(code) for first, last in _HAN_BLOCKS for code in range(first, last + 1)]
    # One character a line: in a phrase, OpenCC would choose by context.
    simplified = opencc.OpenCC("t2s").convert("\n".join(characters)).split("\n")
    pairs = zip(characters, simplified, strict=True)
    folded = {ord(one): other for one, other in pairs if other != one and len(other) == 1}
    return table | {code: folded.get(ord(other), other) for code, other in folded.items()}
