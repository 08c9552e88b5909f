"""Video-LLaVA as a front end of a language model: videos and pictures, also several of both in one question.

Source: official code PKU-YuanGroup/Video-LLaVA, videollava/serve/cli.py, videollava/mm_utils.py and
videollava/train/train.py (preprocess_multimodal).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from encoders.reference.languagebind import preprocessing
from encoders.reference.video_llava import prompts
from encoders.reference.video_llava.model import VideoLlava
from encoders.reference.video_llava.splice import MAX_LENGTH, blocks_of, splice
from encoders.reference.video_llm.generation import Generation
from encoders.reference.video_llm.prompt import Footage, History, Tokenizer, refuse_marks
from encoders.types import Pixels

VIDEO = "<video>"
"""In a question, the place of a whole video: one ``<image>`` for each of its frames."""

_PLACES = re.compile(f"{re.escape(VIDEO)}|{re.escape(prompts.IMAGE)}")


@dataclass(frozen=True, slots=True)
class PlacedPrompt:
    """``text`` with one of the blocks (n, h) in place of each ``<image>``; its pieces are tokenised alone."""

    text: str
    blocks: tuple[Tensor, ...]

    def embed(self, tokenizer: Tokenizer, embedding: Callable[[Tensor], Tensor]) -> Tensor:
        """Input embeddings (1, l, h).

        Raises:
            ValueError: if blocks and places do not fit, or the prompt is longer than the model was made for. (The
                official code cuts it there, and with it the question off.)
        """
        ids = prompts.prompt_ids(self.text, lambda piece: list(tokenizer(piece)["input_ids"]), tokenizer.bos_token_id)
        row = torch.tensor(ids, dtype=torch.long)
        embedded = splice([row], self.blocks, lambda some: embedding(some[None])[0], max_length=None).embeddings
        if embedded.shape[1] > MAX_LENGTH:
            raise ValueError(
                f"the prompt has {embedded.shape[1]} tokens, of which the model reads {MAX_LENGTH}: "
                "shorten the history or show less"
            )
        return embedded


@dataclass(frozen=True, slots=True)
class VideoLlavaFrontEnd:
    """LanguageBind's towers and one projector before a Vicuna.

    Attributes:
        ported: prepare pixels as the transformers library does for its port of the model, not as the original code.
    """

    model: VideoLlava
    ported: bool = False

    @property
    def generation(self) -> Generation:
        """Greedy, at most 1024 tokens, to ``</s>``. Source: official run_inference_video_qa.py (temperature 0)."""
        return Generation(max_new_tokens=1024, stop_texts=(prompts.STOP,))

    @property
    def hears(self) -> bool:
        """No: Video-LLaVA only sees."""
        return False

    def choose(self, total: int) -> list[int]:
        """As many of ``total`` frames as the video tower takes (8), from the first to the last; fewer are repeated."""
        return preprocessing.frame_indices(total, self.model.config.video.num_frames)

    def prompt(self, question: str, footage: Footage, history: History = ()) -> PlacedPrompt:
        """The prompt for one video of just as many frames as `choose` names; their seconds are not told to the model.

        Raises:
            ValueError: if the frames are others, or there is sound.
        """
        if footage.sound is not None:
            raise ValueError("Video-LLaVA does not hear; leave the sound out")
        return self.mixed_prompt(question, [footage.frames], history)

    def mixed_prompt(self, question: str, shown: Sequence[Pixels], history: History = ()) -> PlacedPrompt:
        """The prompt for pictures (h, w, 3) and videos (t, h, w, 3) uint8, in the order in which they are shown.

        Where no question says ``<image>`` or ``<video>``, all of them come before the first one; in its training the
        model saw a video before pictures.

        Raises:
            ValueError: if the questions name other things than are shown, or in another order, or a video or picture
                has another shape.
        """
        if not shown or any(each.ndim not in (3, 4) for each in shown):
            raise ValueError("show one thing or more, each a picture (h, w, 3) or frames (t, h, w, 3)")
        kinds = [VIDEO if each.ndim == 4 else prompts.IMAGE for each in shown]
        asked, answers = [*(text for text, _ in history), question], [answer for _, answer in history]
        refuse_marks(answers, (VIDEO, prompts.IMAGE))
        named = [mark for text in asked for mark in _PLACES.findall(text)]
        if not named:
            asked[0] = f"{''.join(kinds)}\n{asked[0]}"
        elif named != kinds:
            raise ValueError(f"the questions name {', '.join(named)}, but what is shown is {', '.join(kinds)}")
        places = prompts.IMAGE * self.model.config.video.num_frames
        asked = [text.replace(VIDEO, places) for text in asked]
        text = prompts.chat_prompt(asked[-1], list(zip(asked[:-1], answers, strict=True)))
        return PlacedPrompt(text, tuple(blocks_of([self._tokens(each) for each in shown])))

    def clean(self, text: str) -> str:
        """The answer without blanks and ``</s>`` at its ends."""
        return prompts.clean_answer(text)

    def _tokens(self, shown: Pixels) -> Tensor:
        """(t, 1 + p, h) of a video, (p, h) of a picture."""
        weight = next(self.model.mm_projector.parameters())
        if shown.ndim == 3:
            picture = _ported(shown[None]) if self.ported else preprocessing.image(shown[None])
            return self.model.encode_images(picture.to(weight))[0]
        video = _ported(shown).transpose(0, 1) if self.ported else preprocessing.video(shown)
        return self.model.encode_videos(video[None].to(weight))[0]


def _ported(frames: Pixels) -> Tensor:
    """Frames (n, h, w, 3) as the port takes them: (n, 3, 224, 224), Pillow's bicubic filter, the middle cut out.

    Source: huggingface/transformers, models/video_llava/image_processing_video_llava.py.
    """
    from encoders.pixels import PixelRules, SquareInput

    if frames.shape[-1] != 3 or frames.dtype != np.uint8 or not frames.size:
        raise ValueError(f"frames must be uint8 (n, h, w, 3), not {frames.dtype} {frames.shape}")
    side = preprocessing.SIZE
    rules = PixelRules(Image.Resampling.BICUBIC, 1 / 255, preprocessing.MEAN, preprocessing.DEVIATION)
    return torch.from_numpy(SquareInput(rules, side, (side, side)).pixels(frames)["pixel_values"])
