"""Video-LLaMA as a front end of a language model: what it sees and, with its audio branch, what it hears.

Source: official code DAMO-NLP-SG/Video-LLaMA, video_llama/conversation/conversation_video.py and demo_audiovideo.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from encoders.reference.video_llama import preprocessing, prompts
from encoders.reference.video_llama.audio import VideoLlamaAudio
from encoders.reference.video_llama.vision import VideoLlamaVision
from encoders.reference.video_llm.generation import Generation
from encoders.reference.video_llm.prompt import Footage, History, SplitPrompt, refuse_marks
from encoders.types import Pixels


@dataclass(frozen=True, slots=True)
class VideoLlamaFrontEnd:
    """Both branches before a Vicuna or a LLaMA-2-chat.

    Attributes:
        vision: to as many tokens as it has video queries (32).
        audio: to as many tokens as it has queries (8); None for a model that only sees.
        template: which conversation format the language model was trained on.
        system: what stands before everything; nothing, as in the official demo.
    """

    vision: VideoLlamaVision
    audio: VideoLlamaAudio | None = None
    template: prompts.Template = "vicuna"
    system: str = ""

    @property
    def generation(self) -> Generation:
        """Sampled from 0.9 of the distribution, at most 300 tokens, to ``###`` or ``</s>``. Source: official Chat."""
        return Generation(
            max_new_tokens=300,
            sample=True,
            temperature=1.0,
            top_p=0.9,
            stop_ids=prompts.STOP_IDS[self.template],
            stop_texts=(prompts.STOPS[self.template],),
        )

    @property
    def hears(self) -> bool:
        """Whether there is an audio branch."""
        return self.audio is not None

    def choose(self, total: int) -> list[int]:
        """Eight of ``total`` frames, evenly from the first one on, or all where there are fewer."""
        return preprocessing.frame_indices(total, min(preprocessing.FRAMES, self.vision.config.frames))

    def prompt(self, question: str, footage: Footage, history: History = ()) -> SplitPrompt:
        """The prompt for frames, whose seconds are told to the model, or for frames and sound, without seconds.

        Raises:
            ValueError: if the frames have another shape or type, are too many or have not as many seconds, or there is
                sound and no audio branch.
        """
        seconds, sound = footage.seconds, footage.sound
        if seconds is not None and len(seconds) != len(footage.frames):
            raise ValueError(f"{len(footage.frames)} frames need as many seconds, not {len(seconds)}")
        if sound is not None and self.audio is None:
            raise ValueError("this Video-LLaMA has no audio branch: load one, or leave the sound out")
        seen = _embedded(self.vision, preprocessing.preprocess(footage.frames))
        if sound is None or self.audio is None:
            line = "" if seconds is None else preprocessing.time_line_at(seconds)
            return self.prompt_of(prompts.VIDEO + line, question, [seen], history)
        audio = _embedded(self.audio, preprocessing.audio_clips(torch.from_numpy(np.array(sound, np.float32))))
        return self.prompt_of(prompts.AUDIO_AND_VIDEO, question, [audio, seen], history)

    def picture_prompt(self, question: str, picture: Pixels, history: History = ()) -> SplitPrompt:
        """The prompt for one picture (h, w, 3) uint8, behind the system message that the demo has for pictures.

        Raises:
            ValueError: if the picture has another shape or type.
        """
        seen = _embedded(self.vision, preprocessing.preprocess(picture[None]))
        return self.prompt_of(prompts.IMAGE, question, [seen], history, self.system or prompts.IMAGE_SYSTEM)

    def prompt_of(
        self, opening: str, question: str, blocks: Sequence[Tensor], history: History = (), system: str | None = None
    ) -> SplitPrompt:
        """The prompt whose first question has ``opening`` before it, with blocks (n, h) at its ``<ImageHere>``.

        Raises:
            ValueError: if blocks and places do not fit in number, a question is empty, or ``<ImageHere>`` stands
                elsewhere.
        """
        refuse_marks([question, *(text for turn in history for text in turn)], [prompts.IMAGE_HERE])
        turns: list[tuple[str, str | None]] = [*history, (question, None)]
        first, answer = turns[0]
        turns[0] = (f"{opening} {first}", answer)
        text = prompts.prompt(turns, self.template, self.system if system is None else system)
        return SplitPrompt.at(prompts.IMAGE_HERE, text, blocks)

    def clean(self, text: str) -> str:
        """The answer up to the stop and after a role name."""
        return prompts.clean_answer(text, self.template)


def _embedded(branch: nn.Module, inputs: Tensor) -> Tensor:
    """What a branch makes of one input, (n, h)."""
    embeddings: Tensor = branch(inputs[None].to(next(branch.parameters())))
    return embeddings[0]
