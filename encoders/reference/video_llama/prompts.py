"""Video-LLaMA's prompts, byte for byte, and where the visual and audio tokens go.

Source: official code DAMO-NLP-SG/Video-LLaMA, video_llama/conversation/conversation_video.py and demo_audiovideo.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

Template = Literal["vicuna", "llama_2"]

IMAGE_HERE = "<ImageHere>"
VIDEO = f"<Video>{IMAGE_HERE}</Video> "
IMAGE = f"<Image>{IMAGE_HERE}</Image> "
# The runs of 17 and 18 blanks are official: the source line goes on, indented, within the string.
AUDIO_AND_VIDEO = (
    f"Close your eyes, open your ears and you imagine only based on the sound that: {IMAGE_HERE}. {' ' * 16}"
    f"Close your ears, open your eyes and you see that <Video>{IMAGE_HERE}</Video>.  {' ' * 16}"
    "Now answer my question based on what you have just seen and heard."
)
"""What comes before the question about sound and picture; the tokens of the sound go first."""

IMAGE_SYSTEM = (
    "You are able to understand the visual content that the user provides. "
    "Follow the instructions carefully and explain your answers in detail."
)
"""The demo's system message for images; for videos it is empty."""

VICUNA_STOPS: tuple[tuple[int, ...], ...] = ((835,), (2277, 29937))
"""``###`` in the two ways in which LLaMA's tokenizer writes it. Source: Video-LLaMA, conversation_video.py."""

LLAMA2_STOPS: tuple[tuple[int, ...], ...] = ((2,),)
"""``</s>``. Source: as before."""

STOP_IDS: dict[Template, tuple[tuple[int, ...], ...]] = {"vicuna": VICUNA_STOPS, "llama_2": LLAMA2_STOPS}
"""Token ids that end an answer: ``###`` in its two tokenisations, or ``</s>``."""

_SEPARATOR = "###"
_BEGIN, _END = "<s>", "</s>"

STOPS: dict[Template, str] = {"vicuna": _SEPARATOR, "llama_2": _END}
"""The same as text."""


def about_video(question: str, time_line: str = "") -> str:
    """The first message about a video's frames; a ``time_line`` ends with a blank, so that two follow each other."""
    return f"{VIDEO}{time_line} {question}"


def about_image(question: str) -> str:
    """The first message about an image, with two blanks before the question."""
    return f"{IMAGE} {question}"


def about_audio_and_video(question: str) -> str:
    """The first message about a video's sound and frames; it says nothing of the frames' times."""
    return f"{AUDIO_AND_VIDEO} {question}"


def prompt(turns: Sequence[tuple[str, str | None]], template: Template, system: str = "") -> str:
    """What the model continues, of (message, answer) turns; the last answer is None.

    Raises:
        ValueError: if there are no turns, a message is empty, or another answer than the last is None.
    """
    if not turns or not all(message for message, _ in turns):
        raise ValueError("a prompt needs turns with messages that are not empty")
    if [answer is None for _, answer in turns] != [False] * (len(turns) - 1) + [True]:
        raise ValueError("the last turn, and only that, waits for its answer")
    return (_vicuna if template == "vicuna" else _llama_2)(turns, system)


def pieces(text: str, blocks: int) -> list[str]:
    """The prompt cut at each ``<ImageHere>``; each piece is tokenised alone, only the first with the token ``<s>``.

    Raises:
        ValueError: if the prompt does not have ``blocks`` such places.
    """
    cut = text.split(IMAGE_HERE)
    if len(cut) != blocks + 1:
        raise ValueError(f"the prompt has {len(cut) - 1} places for {blocks} blocks of tokens")
    return cut


def interleave(texts: Sequence[Tensor], blocks: Sequence[Tensor]) -> Tensor:
    """Embeddings (b, l, h) of the whole prompt: those of each piece, and of each block of tokens after it but the last.

    Args:
        texts: (b, l_i, h) embeddings of the pieces.
        blocks: (b, q_i, h) visual or audio tokens, one fewer.

    Raises:
        ValueError: if there is not one block between any two pieces.
    """
    if len(texts) != len(blocks) + 1:
        raise ValueError(f"{len(blocks)} blocks of tokens do not fit between {len(texts)} pieces of text")
    rows = [part for pair in zip(texts[:-1], blocks, strict=True) for part in pair]
    return torch.cat([*rows, texts[-1]], dim=1)


def clean_answer(text: str, template: Template) -> str:
    """The answer up to the stop sign and after a role name that the model may have repeated."""
    role = "Assistant:" if template == "vicuna" else "ASSISTANT:"
    return text.split(STOPS[template], 1)[0].rsplit(role, 1)[-1].strip()


def _vicuna(turns: Sequence[tuple[str, str | None]], system: str) -> str:
    text = f"{system}{_SEPARATOR}"
    for message, answer in turns:
        text += f"Human: {message}{_SEPARATOR}"
        text += "Assistant:" if answer is None else f"Assistant: {answer}{_SEPARATOR}"
    return text


def _llama_2(turns: Sequence[tuple[str, str | None]], system: str) -> str:
    text = ""
    for index, (message, answer) in enumerate(turns):
        opening = f"<<SYS>>\n{system}\n<</SYS>>\n\n" if index == 0 else ""
        text += f"{_BEGIN}[INST] {opening}{message} [/INST]"
        text += "" if answer is None else f" {answer} {_END}"
    # Officially the characters are stripped, not the token; the bracket that follows stops both alike.
    return text.removeprefix(_BEGIN)
