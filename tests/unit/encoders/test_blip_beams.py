"""Beam search: the texts of the library that the official code calls, found by following several at a time."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import pytest
import torch
from torch import Tensor

from encoders.reference.blip.beams import beam_search
from encoders.reference.blip.decoder import BlipDecoder
from encoders.reference.blip.generation import GenerationConfig, generate
from tests.unit.encoders.test_blip import DEC, DECODER, PIXELS, SEP, random

START, END, PAD = 1, 2, 0
# Log probabilities of the token that follows each token; 0 is padding and never follows.
TABLE = torch.tensor(
    [
        [0.00, 0.00, 1.00, 0.00, 0.00],
        [0.00, 0.00, 0.10, 0.50, 0.40],
        [0.00, 0.00, 1.00, 0.00, 0.00],
        [0.00, 0.00, 0.25, 0.40, 0.35],
        [0.00, 0.00, 0.90, 0.05, 0.05],
    ]
).log()


def following(ids: Tensor) -> Tensor:
    return TABLE[ids[:, -1]]


def ended(text: list[int], end: int) -> list[int]:
    """Up to its end: what comes behind it is padding, of either kind."""
    return text[: text.index(end) + 1] if end in text else text


def found(**options: Any) -> list[int]:
    config = GenerationConfig(**{"min_length": 0, "max_length": 4, **options})
    return beam_search(following, torch.tensor([[START]]), config, end=END, pad=PAD)[0].tolist()


def test_a_likelier_text_may_begin_with_a_less_likely_token():
    # Always the likeliest token: 3, 3, 3, with 0.08 in all. What beams find: 4 and the end, with 0.36.
    config = GenerationConfig(min_length=0, max_length=4)
    assert generate(following, torch.tensor([[START]]), config, end=END)[0].tolist() == [START, 3, 3, 3]
    assert found(beams=2, length_penalty=0.0) == [START, 4, END]


def test_the_penalty_divides_by_the_length_with_the_prompt_and_without_the_end():
    def score(text: list[int], penalty: float) -> float:
        log = sum(float(TABLE[before, after]) for before, after in pairwise(text))
        ended = text[-1] == END
        return log / (len(text) - ended) ** penalty

    # All texts there are; of this table, two beams follow every beginning that becomes the best.
    every = [[START, *middle, END] for n in (0, 1, 2) for middle in product((3, 4), repeat=n)]
    every += [[START, *middle] for middle in product((3, 4), repeat=3)]
    assert max(every, key=lambda text: score(text, 0.0)) != max(every, key=lambda text: score(text, 2.0))
    for penalty in (0.0, 0.5, 1.0, 2.0):
        best = max(every, key=lambda text: score(text, penalty))
        assert found(beams=2, length_penalty=penalty) == best, penalty


def test_pictures_do_not_wait_for_each_other():
    config = GenerationConfig(beams=2, min_length=0, max_length=6, length_penalty=0.0)
    both = beam_search(following, torch.tensor([[4], [3]]), config, end=END, pad=PAD)
    assert both.tolist() == [[4, END, PAD], [3, 4, END]]


@pytest.mark.parametrize("beams", [2, 3, 5])
@pytest.mark.parametrize(("shortest", "repetition"), [(0, 1.0), (6, 1.0), (5, 1.3)])
def test_the_texts_are_those_of_transformers(beams: int, shortest: int, repetition: float):
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(beams)
    network = GPT2LMHeadModel(
        GPT2Config(vocab_size=14, n_positions=16, n_embd=16, n_layer=2, n_head=2, initializer_range=0.6)
    ).eval()
    prompt = torch.tensor([[1, 5], [1, 6], [1, 9], [4, 4]])
    theirs = network.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        num_beams=beams,
        do_sample=False,
        max_length=12,
        min_length=shortest,
        # Newer versions count other tokens than the official code's: without a penalty that makes no difference.
        length_penalty=0.0,
        repetition_penalty=repetition,
        early_stopping=False,
        eos_token_id=3,
        pad_token_id=0,
    )
    config = GenerationConfig(
        max_length=12, min_length=shortest, beams=beams, length_penalty=0.0, repetition_penalty=repetition
    )
    ours = beam_search(lambda ids: network(ids).logits[:, -1], prompt, config, end=3, pad=0)
    assert [ended(text, 3) for text in ours.tolist()] == [ended(text, 3) for text in theirs.tolist()]


def test_what_is_kept_of_earlier_tokens_goes_with_the_beams():
    decoder = random(BlipDecoder(DECODER))
    tokens = decoder.visual_encoder(PIXELS)
    prompt = torch.tensor([DEC, 4])
    config = GenerationConfig(beams=3, max_length=11, length_penalty=0.0)
    repeated = tokens.repeat_interleave(3, dim=0)

    def anew(ids: Tensor) -> Tensor:
        return decoder.logits(repeated, ids, torch.ones_like(ids))[:, -1]

    whole = beam_search(anew, prompt.expand(len(tokens), 2), config, end=SEP)
    assert decoder.generate(tokens, prompt, config).tolist() == whole.tolist()
    assert len({tuple(row) for row in whole.tolist()}) > 1, "the pictures get different texts"


def test_texts_of_one_picture_ask_it_together():
    decoder = random(BlipDecoder(DECODER))
    tokens = decoder.visual_encoder(PIXELS[:2])
    ids = torch.tensor([[DEC, 4, 7], [DEC, 5, 8], [DEC, 6, 9], [DEC, 4, 8]])
    together = decoder.states(tokens, ids, torch.ones_like(ids))
    torch.testing.assert_close(together, decoder.states(tokens.repeat_interleave(2, 0), ids, torch.ones_like(ids)))
    assert decoder.generate(tokens[:0], ids[0], GenerationConfig(beams=3)).shape == (0, 3)
    with pytest.raises(ValueError, match="picture tokens"):
        decoder.states(tokens, ids[:3], torch.ones(3, 3))


def test_what_cannot_be_searched_is_refused():
    with pytest.raises(ValueError, match="beams"):
        GenerationConfig(beams=0)
    with pytest.raises(ValueError, match="drawn"):
        GenerationConfig(beams=3, top_p=0.9)
    with pytest.raises(ValueError, match="vocabulary of 6"):
        found(beams=3)
    with pytest.raises(ValueError, match="prompt"):
        found(beams=2, max_length=1)
