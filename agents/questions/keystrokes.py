"""Telling words from random keystrokes, by the vocabulary of the text encoder.

A multilingual tokenizer has a piece of its own for each common word and long pieces for what rare words are made of.
Only of letters in an order that no language has it makes nearly as many pieces as there are letters. A vector of such a
query lies near arbitrary texts, so that similarity would find something. Names that look like keystrokes are still
found where the library has them: in what was said, read or seen.

Measured with the vocabulary of e5: of 4,000 words of English documents, ten count as keystrokes ("libcst", "ffmpeg");
of random strings of eight letters, three quarters do. Strings that could be words ("blorf") cannot be told from rare
ones ("quinoa"): both are *strange*, made of short pieces and unknown to the concept table. Pictures have to show them
clearly to match (`agents.search.scoring.STRANGE_BEST`).
"""

from __future__ import annotations

import re
import unicodedata

from agents.words import (
    FUNCTION_WORDS,
    GREETINGS,
    SCAFFOLD_WORDS,
    content_terms,
    is_chinese,
    read_part,
)
from encoders.bundle import Encoders
from encoders.plurals import singular
from encoders.types import WordPieces
from stores.core.text_keys import CJK

SHORTEST = 4
"""Letters of a word that can be judged: shorter ones are abbreviations, of which the tokenizer knows few."""

DENSE = 1.6
"""Letters per piece up to which a word of five letters or more is keystrokes. Source: our choice, from the words and
strings above."""

UNSPEAKABLE = 2.0
"""The same for words that nobody can pronounce: without a vowel, or with four consonants in a row."""

WORDLIKE = 3.0
"""Letters per piece from which a word beside keystrokes is a word all the same ("skydiving": sk-yd-iving)."""

STRANGE = 3.4
"""Letters per piece below which a word may be none. Measured: 80 % of 66 made-up words, 57 % of 75 rare ones."""

_WORD = re.compile(f"[{CJK}]+|(?:(?![{CJK}])[^\\W_])+")
_LETTERS = re.compile("[A-Za-z]+")
_CONSONANTS = re.compile("[^aeiouy]{4,}")
_VOWEL = re.compile("[aeiouy]")


def only_keystrokes(query: str, encoders: Encoders) -> bool:
    """Whether a query has random keystrokes, and beside them at most what may be no word either."""
    text, concepts = read_part(query), encoders.concepts
    if not isinstance(encoders.text, WordPieces):
        return False
    if any(unicodedata.category(character) == "So" for character in text):
        return False
    if any(term.cjk or concepts.matching(term.text) for term in content_terms(text, concepts.vocabulary)):
        return False
    idle = FUNCTION_WORDS | SCAFFOLD_WORDS | GREETINGS
    words = [word for word in _WORD.findall(text) if not is_chinese(word) and word.lower() not in idle]
    if not all(map(_LETTERS.fullmatch, words)):
        return False
    judged = [(word, _letters_per_piece(word, encoders.text)) for word in words]
    return any(_is_noise(*one) for one in judged) and all(_is_noise(*one) or one[1] < WORDLIKE for one in judged)


def only_strange_words(query: str, encoders: Encoders) -> bool:
    """Whether each content word of a query may be none: Latin letters that the tokenizer cuts into short pieces. Words
    of the concept table are left to the caller."""
    if not isinstance(encoders.text, WordPieces):
        return False
    terms = content_terms(query, encoders.concepts.vocabulary)
    words = [term.text for term in terms]
    if not words or any(term.cjk for term in terms) or not all(map(_LETTERS.fullmatch, words)):
        return False
    return all(
        density < min(STRANGE, len(word))
        for word, density in ((word, _letters_per_piece(word, encoders.text)) for word in words)
    )


def _letters_per_piece(word: str, encoder: WordPieces) -> float:
    """Of the way of writing it that the tokenizer knows best; of a word that it knows, the number of its letters."""
    forms = {word, word.lower(), word.capitalize(), word.upper(), singular(word.lower())}
    return max(len(form) / max(1, encoder.pieces(form)) for form in forms)


def _is_noise(word: str, density: float) -> bool:
    lower = word.lower()
    if len(lower) < SHORTEST or density >= len(lower):
        return False
    unspeakable = not _VOWEL.search(lower) or _CONSONANTS.search(lower)
    return (density <= DENSE and len(lower) > SHORTEST) or bool(unspeakable and density <= UNSPEAKABLE)
