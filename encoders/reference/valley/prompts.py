"""VALLEY's prompts, byte for byte, and the cleaning of what the model answers.

Source: official code RupertLuo/Valley, valley/model/valley_model.py (build_inputs, process_response),
valley/inference/run_valley.py (system message), valley/util/data_util.py and valley/conversation.py (training).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

IM_PATCH, IM_START, IM_END = "<im_patch>", "<im_start>", "<im_end>"
VI_FRAME, VI_START, VI_END = "<vi_frame>", "<vi_start>", "<vi_end>"
VISUAL_TOKENS = (IM_PATCH, VI_FRAME, IM_START, IM_END, VI_START, VI_END)
"""In the order in which the official code adds them to the tokenizer."""

STOP = "###"
SYSTEM = (
    "You are Valley, a large language and vision assistant trained by ByteDance. You are able to understand the "
    "visual content or video that the user provides, and assist the user with a variety of tasks using natural "
    "language. Follow the instructions carefully and explain your answers in detail."
)
TRAINING_SYSTEM = (
    "A chat between a curious human and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the human's questions."
)
PLACEHOLDERS = ("<video>", "<image>")
"""What a question says where the video belongs."""

_OPENINGS = (STOP, "Assistant:", "Response:", "Valley:")


@dataclass(frozen=True, slots=True)
class Message:
    """One turn; a user's content says ``<video>`` or ``<image>`` where the picture belongs."""

    role: Literal["system", "user", "assistant"]
    content: str


def placeholder(frames: int, patches: int = 256) -> str:
    """The tokens that ``<video>`` stands for."""
    return f"{IM_START}{IM_PATCH * patches}{IM_END}{VI_START}{VI_FRAME * frames}{VI_END}"


def completion_prompt(
    messages: Sequence[Message], frames: int = 8, patches: int = 256, *, follow_ups: bool = False
) -> str:
    """What the model continues at inference.

    As officially, the assistant is written "Assistent", and the prompt does not end with a role.

    Args:
        follow_ups: keep user turns without a placeholder, as the training does. The official inference leaves them
            out, so that a second question about the same video would not reach the model.

    Raises:
        ValueError: if no user turn has a placeholder.
    """
    prompt, slots = "", placeholder(frames, patches)
    for message in messages:
        if message.role == "system":
            prompt += f"{message.content}\n\n{STOP}"
        elif message.role == "assistant":
            prompt += f" Assistent: {message.content} \n{STOP}"
        elif follow_ups or any(mark in message.content for mark in PLACEHOLDERS):
            prompt += f" Human: {_filled(message.content, slots)} \n{STOP}"
    if IM_START not in prompt:
        raise ValueError("no question says <video> or <image>, so that the model would see nothing")
    return prompt


def training_prompt(turns: Sequence[tuple[str, str]], frames: int = 8, patches: int = 256) -> str:
    """The training text (template v1) of (question, answer) turns; questions say ``<video>`` or ``<image>``."""
    prompt, slots = f"{TRAINING_SYSTEM}\n\n", placeholder(frames, patches)
    for question, answer in turns:
        prompt += f"{STOP} Human: {_filled(question, slots)}\n{STOP} Assistant: {answer}\n"
    return f"{prompt}{STOP} "


def clean_answer(text: str) -> str:
    """The answer without leading role names and without all from the first ``###`` on."""
    text = text.strip()
    while opening := next((opening for opening in _OPENINGS if text.startswith(opening)), None):
        text = text[len(opening) :].strip()
    return text.split(STOP, 1)[0].strip()


def _filled(content: str, slots: str) -> str:
    for mark in PLACEHOLDERS:
        content = content.replace(mark, slots)
    return content
