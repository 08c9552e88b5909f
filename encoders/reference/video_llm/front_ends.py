"""VALLEY and Video-ChatGPT as front ends of a language model."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from encoders.reference.valley import preprocessing as valley_preprocessing
from encoders.reference.valley import prompts as valley_prompts
from encoders.reference.valley import splice as valley_splice
from encoders.reference.valley.model import Valley
from encoders.reference.video_chatgpt import preprocessing as chat_preprocessing
from encoders.reference.video_chatgpt import prompts as chat_prompts
from encoders.reference.video_chatgpt import splice as chat_splice
from encoders.reference.video_chatgpt.model import VideoChatGPT
from encoders.reference.video_llm.clip_tower import VisionTower
from encoders.reference.video_llm.generation import Generation
from encoders.reference.video_llm.prompt import Footage, History, SlottedPrompt, Tokenizer, refuse_marks


@dataclass(frozen=True, slots=True)
class ValleyFrontEnd:
    """VALLEY before a LLaMA whose tokenizer knows its placeholder tokens."""

    model: Valley
    tower: VisionTower
    tokens: valley_splice.ValleyTokenIds

    @property
    def generation(self) -> Generation:
        """Greedy, at most 1024 tokens, to ``###``. Source: official code, valley/inference/run_valley.py."""
        return Generation(max_new_tokens=1024, stop_texts=(valley_prompts.STOP,))

    @property
    def hears(self) -> bool:
        """No: VALLEY only sees."""
        return False

    def choose(self, total: int) -> list[int]:
        """Eight of ``total`` frames, from the first to the last; fewer are repeated."""
        return valley_preprocessing.fixed_frames(total)

    def prompt(self, question: str, footage: Footage, history: History = ()) -> SlottedPrompt:
        """The prompt for any number of frames; their seconds are not told to the model.

        Where no question says ``<video>``, that follows the first one.

        Raises:
            ValueError: if the frames have another shape or type, there is sound, or several questions say ``<video>``.
        """
        _deaf(footage, "VALLEY")
        return self.prompt_of(question, self.tower(valley_preprocessing.preprocess(footage.frames)), history)

    def prompt_of(self, question: str, features: Tensor, history: History = ()) -> SlottedPrompt:
        """The same for features (t, 1 + p, c) of the vision tower."""
        video = self.model(features.to(self.model.mm_projector.weight))
        asked, answers = [*(text for text, _ in history), question], [answer for _, answer in history]
        refuse_marks(answers, valley_prompts.PLACEHOLDERS)
        refuse_marks([*asked, *answers], valley_prompts.VISUAL_TOKENS)
        if not any(mark in text for mark in valley_prompts.PLACEHOLDERS for text in asked):
            asked[0] = f"{asked[0]}\n<video>"
        messages = [valley_prompts.Message("system", valley_prompts.SYSTEM)]
        for text, answer in zip(asked[:-1], answers, strict=True):
            messages += [valley_prompts.Message("user", text), valley_prompts.Message("assistant", answer)]
        messages.append(valley_prompts.Message("user", asked[-1]))
        prompt = valley_prompts.completion_prompt(messages, len(video.frames), len(video.pooled), follow_ups=True)
        return SlottedPrompt(
            prompt, lambda ids, embeddings: valley_splice.splice(ids, embeddings, [video], self.tokens)
        )

    def clean(self, text: str) -> str:
        """The answer without role names and ``###``."""
        return valley_prompts.clean_answer(text)


@dataclass(frozen=True, slots=True)
class VideoChatGPTFrontEnd:
    """Video-ChatGPT before a LLaMA whose tokenizer knows its placeholder tokens."""

    model: VideoChatGPT
    tower: VisionTower
    tokens: chat_splice.VideoTokenIds

    @property
    def generation(self) -> Generation:
        """Sampled at 0.2, at most 1024 tokens, to ``</s>``. Source: official code, video_chatgpt/inference.py."""
        return Generation(max_new_tokens=1024, sample=True, temperature=0.2, stop_texts=(chat_prompts.STOP,))

    @property
    def hears(self) -> bool:
        """No: Video-ChatGPT only sees."""
        return False

    def choose(self, total: int) -> list[int]:
        """All of ``total`` frames, or the middles of 100 equal parts of them."""
        most = self.model.config.temporal
        return list(range(total)) if total <= most else chat_preprocessing.frame_indices(total, most)

    def prompt(self, question: str, footage: Footage, history: History = ()) -> SlottedPrompt:
        """The prompt for 1 to 100 frames; their seconds are not told to the model.

        Raises:
            ValueError: if the frames have another shape or type or are too many, or there is sound.
        """
        _deaf(footage, "Video-ChatGPT")
        return self.prompt_of(question, self.tower(chat_preprocessing.preprocess(footage.frames))[:, 1:], history)

    def prompt_of(self, question: str, features: Tensor, history: History = ()) -> SlottedPrompt:
        """The same for features (t, p, c) of the vision tower, without the class token."""
        refuse_marks([question, *(text for turn in history for text in turn)], chat_prompts.VISUAL_TOKENS)
        video = self.model(features.to(self.model.mm_projector.weight))
        text = chat_prompts.chat_prompt(question, len(video), start_end=self.tokens.start is not None, history=history)
        return SlottedPrompt(text, lambda ids, embeddings: chat_splice.splice(ids, embeddings, [video], self.tokens))

    def clean(self, text: str) -> str:
        """The answer without blanks and ``</s>`` at its ends."""
        return chat_prompts.clean_answer(text)


def valley_tokens(tokenizer: Tokenizer) -> valley_splice.ValleyTokenIds:
    """The ids of VALLEY's placeholder tokens.

    Raises:
        ValueError: if the tokenizer lacks one.
    """
    names = ("im_patch", "im_start", "im_end", "vi_start", "vi_end", "vi_frame")
    return valley_splice.ValleyTokenIds(**{name: _token_id(tokenizer, f"<{name}>") for name in names})


def video_chatgpt_tokens(tokenizer: Tokenizer) -> chat_splice.VideoTokenIds:
    """The ids of Video-ChatGPT's placeholder tokens.

    Raises:
        ValueError: if the tokenizer lacks one.
    """
    patch, start, end = (_token_id(tokenizer, token) for token in chat_prompts.VISUAL_TOKENS)
    return chat_splice.VideoTokenIds(patch, start, end)


def _deaf(footage: Footage, model: str) -> None:
    if footage.sound is not None:
        raise ValueError(f"{model} does not hear; leave the sound out, or ask Video-LLaMA with its audio branch")


def _token_id(tokenizer: Tokenizer, token: str) -> int:
    found = tokenizer.get_vocab().get(token)
    if found is None:
        raise ValueError(f"the tokenizer does not know {token}: add the placeholder tokens first")
    return found
