"""Texts as LanguageBind's text tower wants them, through the tokenizer of the model's folder.

Source: official code PKU-YuanGroup/LanguageBind: CLIP's tokenizer with ``padding="max_length"`` and truncation.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from encoders.types import WeightsError

LENGTH = 77  # tokens of each text with begin and end, official code
END = "<|endoftext|>"
"""Ends a text, and pads it."""


class TextTokenizer:
    """The tokenizer of a folder's ``tokenizer.json``; every text becomes ``length`` tokens.

    Raises:
        WeightsError: ``missing`` without the file; ``corrupt`` if it is no tokenizer, does not know the end-of-text
            token, or does not end texts with it.
        ValueError: if a text of ``length`` tokens has no room between begin and end.
    """

    def __init__(self, folder: Path, length: int = LENGTH) -> None:
        file = folder / "tokenizer.json"
        if length < 3:
            raise ValueError(f"texts need 3 tokens or more, not {length}")
        if not file.is_file():
            raise WeightsError("missing", f"There is no tokenizer {file}.")
        try:
            tokenizer = Tokenizer.from_str(file.read_text(encoding="utf-8"))
        except Exception as error:  # the library raises nothing narrower
            raise WeightsError("corrupt", f"{file} is no tokenizer: {error}") from error
        end = tokenizer.token_to_id(END)
        if end is None or tokenizer.encode("a").ids[-1:] != [end]:
            raise WeightsError("corrupt", f"{file} does not end texts with {END}.")
        tokenizer.enable_truncation(length)
        tokenizer.enable_padding(length=length, pad_id=end, pad_token=END)
        self._tokenizer = tokenizer

    def __call__(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Ids and mask, both (n, length) int64; the mask is 1 for begin, text and one end, 0 for the padding.

        A text that is too long loses its last words; its end-of-text token stays.
        """
        encoded = self._tokenizer.encode_batch(list(texts))
        ids = torch.tensor([one.ids for one in encoded], dtype=torch.int64)
        mask = torch.tensor([one.attention_mask for one in encoded], dtype=torch.int64)
        return ids, mask
