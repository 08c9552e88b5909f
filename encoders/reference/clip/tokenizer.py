"""CLIP's tokenizer: byte-pair encoding of lower-cased text.

The merges file is the caller's: OpenAI's ``bpe_simple_vocab_16e6.txt.gz``, or the ``merges.txt`` that goes with
converted checkpoints.

Source: official code openai/CLIP, clip/simple_tokenizer.py and clip/clip.py, tokenize.
"""

from __future__ import annotations

import gzip
import html
import re
import unicodedata
import zlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor

from encoders.types import WeightsError

_START, _END = "<|startoftext|>", "<|endoftext|>"
_WORD_END = "</w>"
_MERGES = 48_894  # of the many more in OpenAI's file; with 512 byte symbols and two marks the vocabulary is 49408
_REMEMBERED = 65_536  # words, ours: about a language's, so that merging is rarely done twice
_WHOLE = re.compile(r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d")
# Of the repairs that the official code leaves to ftfy: curly quotes, which would hide contractions.
_QUOTES = str.maketrans(
    dict.fromkeys("\u02bc\u2018\u2019\u201a\u201b", "'") | dict.fromkeys("\u201c\u201d\u201e\u201f", '"')
)


class ClipTokenizer:
    """Texts to token ids.

    Of ftfy, which the official code runs first, only Unicode composition (NFC), plain quotes and full-width forms are
    done; text that was decoded with a wrong encoding is not repaired.
    """

    def __init__(self, merges: Sequence[tuple[str, str]]) -> None:
        self._byte_symbols = _byte_symbols()
        symbols = list(self._byte_symbols.values())
        symbols += [symbol + _WORD_END for symbol in symbols]
        symbols += [left + right for left, right in merges]
        symbols += [_START, _END]
        self._ids = {symbol: number for number, symbol in enumerate(symbols)}
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        self._known: dict[str, tuple[int, ...]] = {}
        self.start, self.end = len(symbols) - 2, len(symbols) - 1

    @property
    def size(self) -> int:
        """Number of tokens; the last two are start and end of text."""
        return self.end + 1

    def encode(self, text: str) -> list[int]:
        """Token ids without start and end."""
        ids: list[int] = []
        for word in _words(clean(text)):
            if word not in self._known:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[word] = self._merged(word)
            ids += self._known[word]
        return ids

    def tokenize(self, texts: Sequence[str], context: int = 77, *, truncate: bool = False) -> Tensor:
        """Ids (n, context) int64: start, text, end, then zeros.

        Args:
            truncate: cut what is too long, so that end-of-text is the last token; otherwise it is an error.

        Raises:
            ValueError: if a text is too long, or ``context < 2``.
        """
        if context < 2:
            raise ValueError(f"a context of {context} has no room for start and end")
        rows = torch.zeros(len(texts), context, dtype=torch.int64)
        for row, text in zip(rows, texts, strict=True):
            ids = self.encode(text)
            if len(ids) > context - 2 and not truncate:
                raise ValueError(f"a text has {len(ids)} tokens where {context - 2} fit: {text[:80]!r}")
            ids = [self.start, *ids[: context - 2], self.end]
            row[: len(ids)] = torch.tensor(ids)
        return rows

    def _merged(self, word: str) -> tuple[int, ...]:
        if word in (_START, _END):
            return (self._ids[word],)
        parts = [self._byte_symbols[byte] for byte in word.encode()]
        parts[-1] += _WORD_END
        while len(parts) > 1:
            left, right = min(pairwise(parts), key=lambda pair: self._ranks.get(pair, len(self._ranks)))
            if (left, right) not in self._ranks:
                break
            joined: list[str] = []
            for part in parts:
                if joined and part == right and joined[-1] == left:
                    joined[-1] = left + right
                else:
                    joined.append(part)
            parts = joined
        return tuple(self._ids[part] for part in parts)


def load_clip_tokenizer(path: Path) -> ClipTokenizer:
    """The tokenizer of a merges file, plain or gzipped: a heading, then one pair of symbols a line, best first.

    Raises:
        WeightsError: ``missing`` if there is no such file; ``corrupt`` if a line is no pair.
    """
    if not path.is_file():
        raise WeightsError("missing", f"There is no merges file {path}.")
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        lines = content.decode("utf-8").split("\n")[1 : _MERGES + 1]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise WeightsError("corrupt", f"{path} cannot be read as a merges file: {error}") from error
    pairs = [tuple(line.split()) for line in lines if line.strip()]
    if wrong := next((number for number, pair in enumerate(pairs, start=2) if len(pair) != 2), None):
        raise WeightsError("corrupt", f"{path}, line {wrong}: two symbols are wanted, {pairs[wrong - 2]} is there.")
    return ClipTokenizer([(left, right) for left, right in pairs])


def clean(text: str) -> str:
    """Lower-cased text with character entities resolved (twice, as officially) and white space run together."""
    text = unicodedata.normalize("NFC", text.translate(_QUOTES))
    text = "".join(unicodedata.normalize("NFKC", c) if "\uff01" <= c <= "\uffef" else c for c in text)
    return " ".join(html.unescape(html.unescape(text)).split()).lower()


def attention_mask(ids: Tensor) -> Tensor:
    """Int64 mask (n, L): 1 up to and with the first place of a row's largest id, which is end-of-text; 0 behind."""
    places = torch.arange(ids.shape[1], device=ids.device)
    return (places <= ids.argmax(dim=1, keepdim=True)).to(torch.int64)


def _words(text: str) -> list[str]:
    """Contractions, runs of letters, single digits, and runs of anything else but white space."""
    words: list[str] = []
    place = 0
    while place < len(text):
        whole = _WHOLE.match(text, place)
        end = whole.end() if whole else place + 1
        kind = _kind(text[place])
        while not whole and kind in "LO" and end < len(text) and _kind(text[end]) == kind:
            end += 1
        if whole or kind != "S":
            words.append(text[place:end])
        place = end
    return words


def _kind(character: str) -> str:
    """Letter, number, space or other."""
    if character.isspace():
        return "S"
    category = unicodedata.category(character)[0]
    return category if category in "LN" else "O"


def _byte_symbols() -> dict[int, str]:
    """A printable symbol for every byte, in the order of the vocabulary: printable bytes first, as themselves."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    symbols = {byte: chr(byte) for byte in printable}
    hidden = [byte for byte in range(256) if byte not in symbols]
    return symbols | {byte: chr(256 + rank) for rank, byte in enumerate(hidden)}
