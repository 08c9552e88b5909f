"""A language model that answers questions about a video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from torch import Tensor

from encoders.reference.video_llm.generation import CausalLM, Generation, generate_ids, stream_text
from encoders.reference.video_llm.prompt import Footage, History, Prompt, Tokenizer
from encoders.types import Pixels, Samples


class VisualFrontEnd(Protocol):
    """What stands before the language model: from frames and a question to a prompt."""

    @property
    def generation(self) -> Generation:
        """How the model's authors make answers."""

    @property
    def hears(self) -> bool:
        """Whether a prompt can have sound in it."""

    def choose(self, total: int) -> list[int]:
        """Which of ``total`` frames the model looks at, as its authors choose them."""

    def prompt(self, question: str, footage: Footage, history: History = ()) -> Prompt:
        """The prompt for a question, after earlier turns, about some footage."""

    def clean(self, text: str) -> str:
        """The answer out of all that the language model wrote."""


@dataclass(frozen=True, slots=True)
class VideoLLM:
    """A front end, a causal language model and its tokenizer; answers whole or piece by piece."""

    front_end: VisualFrontEnd
    lm: CausalLM
    tokenizer: Tokenizer

    def answer(
        self,
        question: str,
        frames: Pixels,
        generation: Generation | None = None,
        *,
        history: History = (),
        seconds: Sequence[float] | None = None,
        sound: Samples | None = None,
    ) -> str:
        """The cleaned answer to a question about frames (t, h, w, 3) uint8.

        Args:
            generation: default: as the model's authors do.
            history: earlier questions and answers about the same frames, oldest first.
            seconds: when each frame is shown, for models that are told.
            sound: (m,) float32 mono at 16 kHz, for models that hear.

        Raises:
            ValueError: if frames, sound or prompt do not fit the model.
        """
        pieces = self.stream(question, frames, generation, history=history, seconds=seconds, sound=sound)
        return self.front_end.clean("".join(pieces))

    def stream(
        self,
        question: str,
        frames: Pixels,
        generation: Generation | None = None,
        *,
        history: History = (),
        seconds: Sequence[float] | None = None,
        sound: Samples | None = None,
    ) -> Iterator[str]:
        """The answer in pieces as they come, uncleaned; see `answer`."""
        prompt = self.front_end.prompt(question, Footage(frames, seconds, sound), history)
        return self.continued(prompt, generation)

    def continued(self, prompt: Prompt, generation: Generation | None = None) -> Iterator[str]:
        """What the language model writes after a prompt, in pieces.

        The tokenizer's end of text is a stop beside those of ``generation``; what the model can read is the end, too.

        Raises:
            ValueError: if slots and visual tokens do not fit, or the prompt is longer than the model can read.
        """
        chosen = generation or self.front_end.generation
        if self.tokenizer.eos_token_id is not None:
            chosen = replace(chosen, stop_ids=(*chosen.stop_ids, (self.tokenizer.eos_token_id,)))
        embeddings = self.embeddings(prompt)
        if (limit := self._limit) is not None:
            chosen = replace(chosen, max_new_tokens=min(chosen.max_new_tokens, limit - embeddings.shape[1]))
        return stream_text(generate_ids(self.lm, embeddings, chosen), self._decode, chosen.stop_texts)

    def embeddings(self, prompt: Prompt) -> Tensor:
        """The language model's input (1, l, h) for a prompt, in the model's precision.

        Raises:
            ValueError: as `continued`.
        """
        layer: Any = self.lm.get_input_embeddings()
        embeddings = prompt.embed(self.tokenizer, lambda ids: layer(ids.to(layer.weight.device)).detach())
        if (limit := self._limit) is not None and embeddings.shape[1] >= limit:
            raise ValueError(f"the prompt has {embeddings.shape[1]} tokens, the model can read {limit} with its answer")
        return embeddings

    @property
    def _limit(self) -> int | None:
        """Tokens that the model can read, prompt and answer together, where it says so."""
        said = getattr(getattr(self.lm, "config", None), "max_position_embeddings", None)
        return None if said is None else int(said)

    def _decode(self, ids: list[int]) -> str:
        return str(self.tokenizer.decode(ids, skip_special_tokens=True))
