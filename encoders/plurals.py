"""English plurals, folded to the singular for comparison."""

from __future__ import annotations

from functools import lru_cache

_IRREGULAR = {
    "men": "man",
    "women": "woman",
    "children": "child",
    "mice": "mouse",
    "geese": "goose",
    "feet": "foot",
    "teeth": "tooth",
    "loaves": "loaf",
    "wolves": "wolf",
    "calves": "calf",
    "knives": "knife",
    "wives": "wife",
    "scarves": "scarf",
    "shelves": "shelf",
    "taxis": "taxi",
    "skis": "ski",
    "bikinis": "bikini",
    "lenses": "lens",
    "gases": "gas",
}
_NOT_PLURAL = frozenset("news lens gas bus series species".split())
_IE_WORDS = frozenset("cookies movies selfies zombies pies ties calories brownies hoodies".split())


@lru_cache(maxsize=16_384)  # the same words come again and again
def singular(word: str) -> str:
    """Fold the common English plurals: ``boxes`` → ``box``, ``berries`` → ``berry``, ``men`` → ``man``.

    Args:
        word: in lower case; a possessive 's is dropped.
    """
    word = word.removesuffix("'s").removesuffix("’s")
    if word in _NOT_PLURAL:
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("ies") and (len(word) > 4 or word in _IE_WORDS):
        return word[:-1] if word in _IE_WORDS else word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes", "zes", "buses", "atoes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
