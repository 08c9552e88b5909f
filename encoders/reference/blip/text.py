"""Texts as BLIP wants them: cleaned, and in pieces of BERT's uncased vocabulary with [DEC] and [ENC].

Source: official code salesforce/BLIP, models/blip.py (init_tokenizer) and data/utils.py (pre_caption).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.decoders import WordPiece as Joiner
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from torch import Tensor

from encoders.types import WeightsError

CAPTION_WORDS, VIDEO_WORDS = 30, 40
"""Words that a caption of a picture, and of a video, is cut to (official code)."""

MAX_LENGTH = 35
"""Tokens, [CLS] and [SEP] among them, of a text for retrieval and matching (official code)."""

MAX_CAPTION_LENGTH = 40
"""Tokens of a text when captioning is trained (official code)."""

_DROPPED = re.compile(r"[.!\"()*#:;~]")
_BLANKS = re.compile(r"\s{2,}")
_PAD, _UNKNOWN, _CLS, _SEP = "[PAD]", "[UNK]", "[CLS]", "[SEP]"


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """Ids and mask, (B, L) int64; the mask is 1 for a token and 0 for padding."""

    ids: Tensor
    mask: Tensor


class WordPieces:
    """BERT's uncased tokeniser out of a ``tokenizer.json`` or a ``vocab.txt``.

    Args:
        path: the file.
        added: special tokens that come behind the vocabulary, in this order.

    Raises:
        WeightsError: ``missing`` if there is no such file; ``corrupt`` if it is no such vocabulary.
    """

    def __init__(self, path: Path, added: Sequence[str] = ()) -> None:
        if not path.is_file():
            raise WeightsError("missing", f"There is no vocabulary {path}.")
        try:
            self._tokenizer = _read_vocabulary(path) if path.suffix == ".txt" else Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing more special than Exception
            raise WeightsError("corrupt", f"{path} cannot be read as a vocabulary: {error}") from error
        lacking = [token for token in (_PAD, _UNKNOWN, _CLS, _SEP) if self._tokenizer.token_to_id(token) is None]
        if lacking:
            raise WeightsError("corrupt", f"{path} lacks {', '.join(lacking)}.")
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        for token in added:
            self._tokenizer.add_special_tokens([token])
        self.pad, self.end = self.id_of(_PAD), self.id_of(_SEP)

    @property
    def size(self) -> int:
        """Entries of the vocabulary, added tokens among them."""
        return int(self._tokenizer.get_vocab_size())

    def id_of(self, token: str) -> int:
        """The id of one entry of the vocabulary.

        Raises:
            ValueError: if there is no such entry.
        """
        found = self._tokenizer.token_to_id(token)
        if found is None:
            raise ValueError(f"the vocabulary has no {token}")
        return int(found)

    def encode(self, texts: Sequence[str], max_length: int = MAX_LENGTH) -> TokenBatch:
        """[CLS], pieces, [SEP] of each text, cut to ``max_length`` and padded to the longest.

        The official code pads to ``max_length``; as padding is hidden, the states of tokens are the same.

        Raises:
            ValueError: if there is no text or ``max_length < 2``.
        """
        if not texts or max_length < 2:
            raise ValueError(f"{len(texts)} texts of at most {max_length} tokens cannot be encoded")
        pieces = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        # The last token stays [SEP] when a text is cut.
        rows = [row if len(row) <= max_length else [*row[: max_length - 1], self.end] for row in pieces]
        longest = max(map(len, rows))
        return TokenBatch(
            torch.tensor([row + [self.pad] * (longest - len(row)) for row in rows]),
            torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows]),
        )

    def decode(self, ids: Tensor) -> list[str]:
        """The texts of token ids (B, L), without special tokens."""
        return [str(text) for text in self._tokenizer.decode_batch(ids.tolist(), skip_special_tokens=True)]


class BlipTokenizer(WordPieces):
    """`WordPieces` with [DEC], then [ENC] behind the vocabulary: 30522 and 30523 behind BERT's own.

    Raises:
        WeightsError: as `WordPieces`.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, ("[DEC]", "[ENC]"))
        self.dec, self.enc = self.id_of("[DEC]"), self.id_of("[ENC]")

    def prompt(self, text: str) -> Tensor:
        """Ids (P,) from which a caption goes on: [DEC] and the pieces of ``text``, without [SEP]."""
        ids = self.encode([text]).ids[0, :-1]
        ids[0] = self.dec
        return ids


def clean_caption(text: str, max_words: int = CAPTION_WORDS) -> str:
    """Lower case, ``.!"()*#:;~`` as blanks, single blanks, at most ``max_words`` words.

    Other punctuation stays. Source: official code, data/utils.py, pre_caption.

    Raises:
        ValueError: if ``max_words < 1``.
    """
    return cut_words(_DROPPED.sub(" ", text.lower()), max_words)


def cut_words(text: str, max_words: int) -> str:
    """Runs of white space as one blank, none at the ends, at most ``max_words`` words.

    Raises:
        ValueError: if ``max_words < 1``.
    """
    if max_words < 1:
        raise ValueError(f"a text of {max_words} words is none")
    return " ".join(_BLANKS.sub(" ", text).rstrip("\n").strip(" ").split(" ")[:max_words])


def _read_vocabulary(path: Path) -> Tokenizer:
    # Not by splitlines, which would also split at rarer characters that are entries themselves.
    tokens = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    vocabulary = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token=_UNKNOWN))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.decoder = Joiner(prefix="##", cleanup=True)
    tokenizer.post_processor = TemplateProcessing(
        single=f"{_CLS} $A {_SEP}", special_tokens=[(token, vocabulary[token]) for token in (_CLS, _SEP)]
    )
    tokenizer.add_special_tokens([token for token in (_PAD, _UNKNOWN, _CLS, _SEP, "[MASK]") if token in vocabulary])
    return tokenizer
