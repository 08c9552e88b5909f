"""What sounds are called: the names by which queries, questions and tags mean speech, singing, music or silence."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

SILENCE = "silence"

_SHOWN = 4  # Chinese names that a record keeps


_TABLE = "data/sounds.tsv"


@cache
def _table() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    text = resources.files("encoders").joinpath(_TABLE).read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {sound: tuple(tuple(names.split(";")) for names in columns) for sound, *columns in rows}


@cache
def sound_names() -> Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """English and Chinese names by sound (``speech``, ``singing``, ``music``, ``silence``), the usual ones first.

    A name may mean several sounds: a song is singing and music.
    """
    return {sound: (english, chinese) for sound, (english, chinese, *_) in _table().items()}


def chinese_names(sound: str) -> str:
    """The usual Chinese names of a sound, ';'-separated."""
    return ";".join(sound_names()[sound][1][:_SHOWN])


def all_names(sound: str) -> tuple[str, ...]:
    """All names of a sound in both languages."""
    english, chinese = sound_names()[sound]
    return (*english, *chinese)


def goes_with(sound: str) -> tuple[str, ...]:
    """Names, in both languages, of what usually has a sound, but is more than it: most music is no concert."""
    *_, english, chinese = _table()[sound]
    return (*english, *chinese)
