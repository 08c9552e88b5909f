"""What sounds are called: the names by which queries, questions and tags mean speech, singing, music or silence."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

SILENCE = "silence"

_SHOWN = 4  # Chinese names that a record keeps


@cache
def sound_names() -> Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """English and Chinese names by sound (``speech``, ``singing``, ``music``, ``silence``), the usual ones first.

    A name may mean several sounds: a song is singing and music.
    """
    table: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    text = resources.files("encoders").joinpath("data/sounds.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            sound, english, chinese = line.split("\t")
            table[sound] = tuple(english.split(";")), tuple(chinese.split(";"))
    return table


def chinese_names(sound: str) -> str:
    """The usual Chinese names of a sound, ';'-separated."""
    return ";".join(sound_names()[sound][1][:_SHOWN])


def all_names(sound: str) -> str:
    """All names of a sound in both languages, ';'-separated."""
    english, chinese = sound_names()[sound]
    return ";".join((*english, *chinese))
