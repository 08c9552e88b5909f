"""One token after the other: greedy or sampled, until a stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn


class CausalLM(Protocol):
    """What is used of a causal language model of the transformers library."""

    def get_input_embeddings(self) -> nn.Module:
        """The layer from ids to embeddings."""

    def __call__(self, **inputs: Any) -> Any:
        """An output with ``logits`` (1, n, v) and ``cache`` (``past_key_values`` in older versions)."""


@dataclass(frozen=True, slots=True)
class Generation:
    """How an answer is made.

    Attributes:
        max_new_tokens: at most so many tokens.
        sample: draw from the distribution; otherwise always the likeliest token.
        temperature: above 0; smaller is more certain. Only for sampling.
        top_p: draw from the likeliest tokens that together have this probability. Only for sampling.
        seed: of the draws. The same seed gives the same answer.
        stop_ids: token sequences that end the answer and do not belong to it.
        stop_texts: the same as text.
    """

    max_new_tokens: int = 300
    sample: bool = False
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int = 0
    stop_ids: tuple[tuple[int, ...], ...] = ()
    stop_texts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1 or self.temperature <= 0 or not 0 < self.top_p <= 1:
            raise ValueError("max_new_tokens and temperature must be above 0, top_p in (0, 1]")
        if not all(self.stop_ids) or not all(self.stop_texts):
            raise ValueError("an empty stop would end every answer before it begins")


def generate_ids(lm: CausalLM, embeddings: Tensor, generation: Generation) -> Iterator[int]:
    """The ids of an answer to input embeddings (1, l, h), each as soon as it cannot be part of a stop any more.

    Raises:
        ValueError: if the language model keeps no cache.
    """
    draws = torch.Generator(embeddings.device).manual_seed(generation.seed)
    inputs: dict[str, Any] = {"inputs_embeds": embeddings}
    pending: list[int] = []
    for _ in range(generation.max_new_tokens):
        with torch.no_grad():
            output = lm(**inputs, use_cache=True)
        chosen = _choose(output.logits[0, -1].float(), generation, draws)
        pending.append(chosen)
        ended = max((len(stop) for stop in generation.stop_ids if tuple(pending[-len(stop) :]) == stop), default=0)
        if ended:
            yield from pending[:-ended]
            return
        released = len(pending) - _beginning(pending, [list(stop) for stop in generation.stop_ids])
        yield from pending[:released]
        pending = pending[released:]
        inputs = {"input_ids": torch.tensor([[chosen]], device=embeddings.device), **_cache(output)}
    yield from pending


def stream_text(ids: Iterable[int], decode: Callable[[list[int]], str], stops: Sequence[str] = ()) -> Iterator[str]:
    """The text of ids in pieces, without the first stop and what follows it.

    A piece is held back while it may be the beginning of a stop, or ends within a character (U+FFFD).
    """
    seen: list[int] = []
    text, sent = "", 0
    for token in ids:
        seen.append(token)
        text = decode(seen)
        found = min((place for stop in stops if (place := text.find(stop)) >= 0), default=-1)
        if found >= 0:
            text = text[:found]
            break
        sure = min(len(text) - _beginning(text, stops), len(text.rstrip("\N{REPLACEMENT CHARACTER}")))
        if sure > sent:
            yield text[sent:sure]
            sent = sure
    if text[sent:]:
        yield text[sent:]


def _cache(output: Any) -> dict[str, Any]:
    """The keys and values seen so far, under the name by which this version of the library takes them."""
    for name in ("cache", "past_key_values"):
        if (kept := getattr(output, name, None)) is not None:
            return {name: kept}
    raise ValueError("the language model does not keep what it has read (use_cache)")


def _beginning(tail: Sequence[Any], stops: Sequence[Sequence[Any]]) -> int:
    """Length of the longest end of ``tail`` with which one of the stops begins."""
    longest = max((len(stop) for stop in stops), default=1) - 1
    for length in range(min(longest, len(tail)), 0, -1):
        if any(len(stop) > length and stop[:length] == tail[-length:] for stop in stops):
            return length
    return 0


def _choose(logits: Tensor, generation: Generation, draws: torch.Generator) -> int:
    if not generation.sample:
        return int(logits.argmax())
    ranked, order = (logits / generation.temperature).softmax(dim=0).sort(descending=True)
    # A token stays if those before it do not yet have the wanted probability; the first always does.
    kept = ranked.cumsum(dim=0) - ranked < generation.top_p
    kept[0] = True
    return int(order[torch.multinomial(ranked * kept, 1, generator=draws)])
