"""Questions, conversations and lists, and the TOML files that hold them.

    questions = [
      {q = "Who is the pilot?", intent = "who", a = ["Sara"], in = ["team.mp4"], at = [12, 25], lines = ["Pilot"]},
    ]
    [[conversations]]
    turns = [{q = …}, {q = "And what does she do?", …}]

A file of lists has arrays of strings instead (`read_lists`).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HAN = re.compile("[㐀-鿿]")


@dataclass(frozen=True, slots=True)
class Case:
    """One question and its truth.

    Attributes:
        text: the question (``q``).
        intent: as `agents.questions.question.Intent`.
        answers: any of these, said strictly, is right (``a``); none where citations or times decide.
        videos: file names of those that hold the answer (``in``).
        span: seconds of these videos in which it lies (``at``), None for anywhere.
        lines: parts of stored lines that hold the answer, for the evidence recall and the oracle.
        never: what a right answer does not say.
        time: the answer names a time between these seconds; ``seconds``: a length between these.
        parts, least: as many of these as ``least`` are said; where there are none, as many videos are cited.
        every: all ``videos`` are cited and no other.
        why: of a question that nothing answers, what is wrong with it; "" for others.
        no: whether "no" is as good as declining.
    """

    text: str
    intent: str
    answers: tuple[str, ...] = ()
    videos: tuple[str, ...] = ()
    span: tuple[float, float] | None = None
    lines: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    time: tuple[float, float] | None = None
    seconds: tuple[float, float] | None = None
    parts: tuple[str, ...] = ()
    least: int = 0
    every: bool = False
    why: str = ""
    no: bool = False

    @property
    def answerable(self) -> bool:
        """Whether the library holds an answer."""
        return not self.why

    @property
    def chinese(self) -> bool:
        """Whether it is asked in Chinese."""
        return bool(_HAN.search(self.text))


_KEYS = {"q": "text", "a": "answers", "in": "videos", "at": "span"}


def read_cases(path: Path) -> list[Case]:
    """The questions of a file.

    Raises:
        TypeError: for a key that is not one of `Case`.
    """
    return [_case(entry) for entry in _read(path).get("questions", ())]


def read_conversations(path: Path) -> list[list[Case]]:
    """The conversations of a file, each as its turns."""
    return [[_case(turn) for turn in entry["turns"]] for entry in _read(path).get("conversations", ())]


def read_lists(path: Path) -> dict[str, list[str]]:
    """The lists of a file by name."""
    return {name: list(entries) for name, entries in _read(path).items()}


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _case(entry: dict[str, Any]) -> Case:
    values = {_KEYS.get(key, key): tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Case(**values)
