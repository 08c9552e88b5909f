"""A language model that answers questions about a video."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from torch import Tensor

from encoders.types import Pixels
from encoders.video_llm.generation import CausalLM, Generation, generate_ids, stream_text
from encoders.video_llm.prompt import Prompt, Tokenizer


class VisualFrontEnd(Protocol):
    """What stands before the language model: from frames and a question to a prompt."""

    @property
    def generation(self) -> Generation:
        """How the model's authors make answers."""

    def prompt(self, question: str, frames: Pixels) -> Prompt:
        """The prompt for one question about frames (t, h, w, 3) uint8 in time order."""

    def clean(self, text: str) -> str:
        """The answer out of all that the language model wrote."""


@dataclass(frozen=True, slots=True)
class VideoLLM:
    """A front end, a causal language model and its tokenizer; answers whole or piece by piece."""

    front_end: VisualFrontEnd
    lm: CausalLM
    tokenizer: Tokenizer

    def answer(self, question: str, frames: Pixels, generation: Generation | None = None) -> str:
        """The cleaned answer to one question about frames (t, h, w, 3) uint8.

        Args:
            generation: default: as the model's authors do.

        Raises:
            ValueError: if frames or prompt do not fit the model.
        """
        return self.front_end.clean("".join(self.stream(question, frames, generation)))

    def stream(self, question: str, frames: Pixels, generation: Generation | None = None) -> Iterator[str]:
        """The answer in pieces as they come, uncleaned; see `answer`."""
        return self.continued(self.front_end.prompt(question, frames), generation)

    def continued(self, prompt: Prompt, generation: Generation | None = None) -> Iterator[str]:
        """What the language model writes after a prompt, in pieces.

        The tokenizer's end of text is a stop beside those of ``generation``.

        Raises:
            ValueError: if slots and visual tokens do not fit, or the prompt is longer than the model can read.
        """
        chosen = generation or self.front_end.generation
        if self.tokenizer.eos_token_id is not None:
            chosen = replace(chosen, stop_ids=(*chosen.stop_ids, (self.tokenizer.eos_token_id,)))
        embeddings = self.embeddings(prompt)
        return stream_text(generate_ids(self.lm, embeddings, chosen), self._decode, chosen.stop_texts)

    def embeddings(self, prompt: Prompt) -> Tensor:
        """The language model's input (1, l, h) for a prompt, in the model's precision.

        Raises:
            ValueError: as `continued`.
        """
        layer: Any = self.lm.get_input_embeddings()
        embeddings = prompt.embed(self.tokenizer, lambda ids: layer(ids.to(layer.weight.device)).detach())
        limit = getattr(getattr(self.lm, "config", None), "max_position_embeddings", None)
        if limit is not None and embeddings.shape[1] >= limit:
            raise ValueError(f"the prompt has {embeddings.shape[1]} tokens, the model can read {limit} with its answer")
        return embeddings

    def _decode(self, ids: list[int]) -> str:
        return str(self.tokenizer.decode(ids, skip_special_tokens=True))
