"""Video-ChatGPT's prompt, byte for byte, and the cleaning of what the model answers.

Source: official code mbzuai-oryx/Video-ChatGPT, video_chatgpt/video_conversation.py (``video-chatgpt_v1``) and
video_chatgpt/inference.py.
"""

from __future__ import annotations

from collections.abc import Sequence

VID_PATCH, VID_START, VID_END = "<vid_patch>", "<vid_start>", "<vid_end>"
VISUAL_TOKENS = (VID_PATCH, VID_START, VID_END)
"""In the order in which the official code adds them to the tokenizer."""

STOP = "</s>"
# No blank after "language.": so the model was trained.
SYSTEM = (
    "You are Video-ChatGPT, a large vision-language assistant. "
    "You are able to understand the video content that the user provides, and assist the user with a variety of "
    "tasks using natural language."
    "Follow the instructions carefully and explain your answers in detail based on the provided video."
)


def placeholder(tokens: int = 356, *, start_end: bool = True) -> str:
    """The slots of one video, between start and end unless the model was trained without them."""
    slots = VID_PATCH * tokens
    return f"{VID_START}{slots}{VID_END}" if start_end else slots


def chat_prompt(
    question: str, tokens: int = 356, *, start_end: bool = True, history: Sequence[tuple[str, str]] = ()
) -> str:
    """What the model continues: system message, earlier (question, answer) turns, and the question.

    The slots stand once, behind the first question. Source: official code, video_chatgpt/demo/video_demo.py (add_text).
    """
    asked = [*(text for text, _ in history), question]
    asked[0] += f"\n{placeholder(tokens, start_end=start_end)}"
    turns = "".join(
        f"USER: {text} ASSISTANT: {answer}{STOP}" for text, (_, answer) in zip(asked[:-1], history, strict=True)
    )
    return f"{SYSTEM} {turns}USER: {asked[-1]} ASSISTANT:"


def clean_answer(text: str, *, official: bool = False) -> str:
    """The answer without blanks and stop string at its ends.

    Args:
        official: take off the *characters* of the stop string at the right, as the official code does, so that
            "cars" becomes "car". For comparing scores with published ones only.
    """
    text = text.strip()
    return (text.rstrip(STOP) if official else text.removesuffix(STOP)).strip()
