"""Words of the same meaning, as the text model knows them: "scared" and "afraid", "lawyer" and "attorney"."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from weakref import WeakKeyDictionary

import numpy as np

from agents.answering.text.matching import words_of
from agents.words import FUNCTION_WORDS, Term
from encoders.bundle import Encoders
from encoders.types import Vectors

SAME = 0.7
"""Cosine of two single words from which on they mean the same. Source: of 20 pairs of synonyms 12 reach it ("scared",
"afraid" .76; "kids", "children" .93), of 20 of related words ("cat", "dog" .53; "mayor", "president" .61) none."""

MOST_WORDS = 600
"""Words of the lines that are compared: 4 ms each for a new one on one core. Ours."""


def meanings_of(terms: Sequence[Term], texts: Iterable[str], encoders: Encoders) -> dict[str, frozenset[str]]:
    """For each English word, the words of some texts that mean the same."""
    wanted = [term.text for term in terms if not term.cjk and len(term.text) > 2 and term.text.isalpha()]
    known: dict[str, None] = {}
    for text in texts:
        known.update(dict.fromkeys(word for word in words_of(text) if _counts(word)))
        if len(known) >= MOST_WORDS:
            break
    words = sorted(list(known)[:MOST_WORDS])
    if not wanted or not words:
        return {}
    likeness = _KEPT.of(encoders, wanted) @ _KEPT.of(encoders, words).T
    return {
        word: frozenset(words[n] for n in np.flatnonzero(row >= SAME) if words[n] != word)
        for word, row in zip(wanted, likeness, strict=True)
    }


def _counts(word: str) -> bool:
    return len(word) > 2 and word.isalpha() and word not in FUNCTION_WORDS


class _KeptWords:
    """Vectors of single words: those of a library come again with every question."""

    MOST = 8192

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[Encoders, OrderedDict[str, Vectors]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def of(self, encoders: Encoders, words: Sequence[str]) -> Vectors:
        with self._lock:
            kept = self._kept.setdefault(encoders, OrderedDict())
            known = {word: kept[word] for word in words if word in kept}
        missing = [word for word in words if word not in known]
        if missing:
            made = dict(zip(missing, encoders.text.encode_queries(missing), strict=True))
            known |= made
            with self._lock:
                kept.update(made)
                while len(kept) > self.MOST:
                    kept.popitem(last=False)
        return np.stack([known[word] for word in words])


_KEPT = _KeptWords()
