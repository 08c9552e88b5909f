"""Texts into the token numbers of a two-tower model, through the folder's tokenizer.json."""

from __future__ import annotations

import string
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from encoders.registry.hf_folder import read_json
from encoders.types import WeightsError

# In configs of before mid-2023 CLIP's end token has this wrong number, and the network takes the position of the
# highest number instead. Source: transformers, CLIPTextTransformer.
_LEGACY_END = 2
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


class ClipTokens:
    """Tokens of CLIP, which reads its vector off the end token: texts are as long as the longest of the call.

    Args:
        longest: tokens that the network has positions for; longer texts are cut, and keep their end token.
        end: number of the end token by config.json.

    Raises:
        WeightsError: as `read_tokenizer`; ``corrupt`` if texts do not end where the network looks.
    """

    def __init__(self, folder: Path, longest: int, end: int) -> None:
        self._tokenizer = read_tokenizer(folder)
        self._tokenizer.enable_truncation(longest)
        ids = self._tokenizer.encode("a").ids
        looked_at = max(ids, default=None) if end == _LEGACY_END else end
        if looked_at not in ids or ids.index(looked_at) != len(ids) - 1:
            raise WeightsError("corrupt", f"Texts of {folder / 'tokenizer.json'} do not end with the end token {end}.")

    def numbers(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """(n, longest text) token numbers. What follows a text's end has no influence on it."""
        rows = [self._tokenizer.encode(text).ids for text in texts]
        width = max(len(row) for row in rows)
        return np.array([row + [row[-1]] * (width - len(row)) for row in rows], np.int64)


class SiglipTokens:
    """Tokens of SigLIP and SigLIP 2, which read their vector off the last position: all texts are equally long.

    Neither masks the padding, so it belongs to the input. Texts are lower case, and without punctuation where the
    tokenizer is that of the first SigLIP. Source: google-research/big_vision, configs of SigLIP and SigLIP 2.

    Args:
        length: tokens of each text; longer texts are cut.

    Raises:
        WeightsError: as `read_tokenizer`; also without a padding token.
    """

    def __init__(self, folder: Path, length: int) -> None:
        self._tokenizer = read_tokenizer(folder)
        settings = read_json(folder, "tokenizer_config.json")
        token = settings.get("pad_token")
        padding = str(token.get("content") if isinstance(token, dict) else token)
        number = self._tokenizer.token_to_id(padding)
        if number is None:
            raise WeightsError("corrupt", f"{folder} names no padding token that its tokenizer knows: {padding!r}")
        self._tokenizer.enable_truncation(length)
        self._tokenizer.enable_padding(
            direction=str(settings.get("padding_side", "right")), length=length, pad_id=number, pad_token=padding
        )
        self._plain = str(settings.get("tokenizer_class", "")).startswith("SiglipTokenizer")

    def numbers(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """(n, length) token numbers."""
        return np.array([self._tokenizer.encode(self._canonical(text)).ids for text in texts], np.int64)

    def _canonical(self, text: str) -> str:
        text = text.lower()
        # A text of nothing but punctuation keeps it: without it there would be no text.
        return " ".join(text.translate(_NO_PUNCTUATION).split()) or text if self._plain else text


def read_tokenizer(folder: Path) -> Tokenizer:
    """The folder's tokenizer, without its own padding and cutting.

    Raises:
        WeightsError: ``missing`` if the folder has no tokenizer.json; ``corrupt`` if it cannot be read.
    """
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise WeightsError("missing", f"{folder} holds no tokenizer.json.")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare exceptions
        raise WeightsError("corrupt", f"{path} cannot be read: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
