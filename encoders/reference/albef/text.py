"""Texts as ALBEF wants them; the tokeniser is BERT's, `encoders.reference.blip.text.WordPieces`.

Source: official code salesforce/ALBEF, dataset/utils.py, pre_caption.
"""

from __future__ import annotations

import re

from encoders.reference.blip.text import cut_words

MAX_WORDS = 30
"""Words that a caption is cut to, default of the official datasets for retrieval."""

MAX_LENGTH = 30
"""Tokens of a text for retrieval, [CLS] and [SEP] among them (official code)."""

_DROPPED = re.compile(r"[,.'!?\"()*#:;~]")


def clean_caption(text: str, max_words: int = MAX_WORDS) -> str:
    """Lower case, ``,.'!?"()*#:;~`` deleted, ``-`` and ``/`` as blanks, ``<person>`` as person, at most ``max_words``.

    Raises:
        ValueError: if ``max_words < 1``.
    """
    plain = _DROPPED.sub("", text.lower()).replace("-", " ").replace("/", " ").replace("<person>", "person")
    return cut_words(plain, max_words)
