"""The one door to video language models, whichever family: frames with their times and a question in, words out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from encoders.reference.video_llm.generation import Generation
from encoders.reference.video_llm.model import VideoLLM
from encoders.reference.video_llm.prompt import Footage, History, Prompt
from encoders.types import Pixels, Samples, check_frames

MAX_NEW_TOKENS = 300
"""Default length of an answer in tokens: that of Video-LLaMA's demo, the shortest of the four families'."""

CAPTION_QUESTION = "Describe what is seen in one sentence."
"""What a caption answers (ours)."""

_ROLES = 24  # ours: characters held back at first, as role names that an answer may begin with are taken off


class VideoLLMDescriber:
    """A video language model as stages use it: checked inputs, and by default always the same answer.

    Of the frames that it is given the model looks at those that its authors would choose; the stops are its family's.

    Args:
        model: of any family.
        name: in the registry.
        max_new_tokens: the longest answer.
        sample: draw tokens as the model's authors do, instead of always taking the likeliest.
    """

    def __init__(
        self, model: VideoLLM, name: str, max_new_tokens: int = MAX_NEW_TOKENS, *, sample: bool = False
    ) -> None:
        self._model, self._name = model, name
        authors = model.front_end.generation
        self._generation = replace(authors, max_new_tokens=max_new_tokens, sample=sample and authors.sample)

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self._name

    @property
    def hears(self) -> bool:
        """Whether sound may be given beside frames."""
        return self._model.front_end.hears

    @property
    def generation(self) -> Generation:
        """How answers are made."""
        return self._generation

    def describe(
        self,
        frames: Pixels,
        seconds: Sequence[float],
        question: str,
        history: History = (),
        *,
        sound: Samples | None = None,
    ) -> str:
        """The answer to a question about a stretch of video.

        Args:
            frames: (n, h, w, 3) uint8 RGB in time order, n at least 1.
            seconds: (n,) when each of them is shown, in the video's time.
            history: earlier questions and answers about the same stretch, oldest first.
            sound: (m,) float32 mono at 16 kHz of the same stretch, for a model that `hears`.

        Raises:
            ValueError: if an input has another shape or type, frames do not follow each other in time, a text is
                empty, the model does not hear, or all of it is longer than the model reads.
        """
        return self._model.front_end.clean("".join(self._pieces(frames, seconds, question, history, sound)))

    def stream(
        self,
        frames: Pixels,
        seconds: Sequence[float],
        question: str,
        history: History = (),
        *,
        sound: Samples | None = None,
    ) -> Iterator[str]:
        """The same answer in pieces, each as soon as it is sure; inputs are checked before the first one is asked for.

        Raises:
            ValueError: as `describe`.
        """
        return cleaned(self._pieces(frames, seconds, question, history, sound), self._model.front_end.clean)

    def caption(self, pixels: Pixels) -> list[str]:
        """What pictures (n, h, w, 3) uint8 show, each for itself, in words.

        Raises:
            ValueError: if the pictures have another shape or type.
        """
        return [self.describe(picture[None], [0.0], CAPTION_QUESTION) for picture in pixels]

    def _pieces(
        self, frames: Pixels, seconds: Sequence[float], question: str, history: History, sound: Samples | None
    ) -> Iterator[str]:
        return self._model.continued(self._prompt(frames, seconds, question, history, sound), self._generation)

    def _prompt(
        self, frames: Pixels, seconds: Sequence[float], question: str, history: History, sound: Samples | None
    ) -> Prompt:
        times = _checked_times(frames, seconds)
        if not question.strip() or not all(asked.strip() and answer.strip() for asked, answer in history):
            raise ValueError("neither the question nor a turn of the history may be empty")
        if sound is not None and (sound.ndim != 1 or sound.dtype != np.float32 or not sound.size):
            raise ValueError(f"sound must be (m,) float32 mono at 16 kHz, not {sound.shape} {sound.dtype}")
        chosen = self._model.front_end.choose(len(frames))
        footage = Footage(frames[chosen], [times[index] for index in chosen], sound)
        return self._model.front_end.prompt(question, footage, history)


def cleaned(pieces: Iterable[str], clean: Callable[[str], str]) -> Iterator[str]:
    """Pieces of an answer as they come, of which all together are ``clean`` of the whole.

    Blanks at the end of a piece wait for what follows, and the beginning waits until it can be no role name.
    """
    whole = sent = ""
    for piece in pieces:
        whole += piece
        text = clean(whole)
        if len(whole.strip()) >= _ROLES and len(text) > len(sent) and text.startswith(sent):
            yield text[len(sent) :]
            sent = text
    text = clean(whole)
    if len(text) > len(sent) and text.startswith(sent):
        yield text[len(sent) :]


def _checked_times(frames: Pixels, seconds: Sequence[float]) -> list[float]:
    check_frames(frames, least=1)
    times = [float(second) for second in seconds]
    if len(times) != len(frames):
        raise ValueError(f"{len(frames)} frames need as many seconds, not {len(times)}")
    if not np.isfinite(times).all() or any(later < earlier for earlier, later in pairwise(times)):
        raise ValueError("seconds must be finite and in time order")
    return times
