"""Video-LLaVA's prompts, byte for byte, and their tokens with placeholders.

Source: official code PKU-YuanGroup/Video-LLaVA, videollava/conversation.py (conv_llava_v1, conv_vicuna_v1),
videollava/mm_utils.py (tokenizer_image_token), videollava/eval/video/run_inference_video_qa.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from encoders.reference.video_llava.splice import PLACEHOLDER

IMAGE = "<image>"
"""In a prompt, the place of an image or of one frame of a video."""

STOP = "</s>"

SYSTEM = (
    "A chat between a curious human and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the human's questions."
)
"""At inference (llava_v1)."""

TRAINING_SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
"""In training (v1, Vicuna's)."""


def video_question(question: str, frames: int = 8, *, separator: str = "") -> str:
    """A question about a video: one placeholder a frame, a new line, the question.

    The official evaluation puts nothing between the placeholders, its command line a blank, which adds tokens.

    Raises:
        ValueError: if there is no frame.
    """
    if frames < 1:
        raise ValueError("a video has a frame or more")
    return f"{separator.join([IMAGE] * frames)}\n{question}"


def image_question(question: str) -> str:
    """A question about one image."""
    return f"{IMAGE}\n{question}"


def chat_prompt(question: str, history: Sequence[tuple[str, str]] = (), system: str = SYSTEM) -> str:
    """What the model continues: system line, earlier (question, answer) turns, and the question.

    Placeholders are part of the questions, see `video_question`.
    """
    turns = "".join(f"USER: {asked} ASSISTANT: {answered}{STOP}" for asked, answered in history)
    return f"{system} {turns}USER: {question} ASSISTANT:"


def prompt_ids(prompt: str, encode: Callable[[str], list[int]], begin: int | None) -> list[int]:
    """Token ids of a prompt, -200 for each placeholder.

    The text is tokenised piece by piece between the placeholders, as officially.

    Args:
        encode: the tokenizer, which puts the token ``begin`` before everything; that stays only at the very beginning.
        begin: None if it puts none.
    """
    pieces = [encode(piece) for piece in prompt.split(IMAGE)]
    begins = begin is not None and pieces[0][:1] == [begin]
    ids = [begin] if begins and begin is not None else []
    for index, piece in enumerate(pieces):
        if index:
            ids.append(PLACEHOLDER)
        ids += piece[1:] if begins else piece
    return ids


def clean_answer(text: str) -> str:
    """The answer without blanks and ``</s>`` at its ends."""
    return text.strip().removesuffix(STOP).strip()
