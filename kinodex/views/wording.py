"""What was recognised and tagged, in the language of the reader.

The library keeps the English names that models give; Chinese ones stand in the bilingual tables of `encoders`. What
people said, wrote or named is theirs, and is never put into another language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from encoders.concepts import chinese_names
from encoders.sound_names import sound_names

if TYPE_CHECKING:
    from kinodex.views.library_view import Language, LibraryView

_HAN = re.compile(r"[\u3400-\u9fff]")
_KANA_OR_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")

_FACES = {"face": "人脸", "man": "男人", "woman": "女人"}
"""Faces of nobody whose name is known. Source: `pipeline.observers.face_tracks`."""

_SPEAKER = re.compile(r"speaker (\d+)")
"""A voice of nobody whose name is known. Source: `pipeline.audio.speakers`."""


def language_of(header: str) -> Language:
    """The first language of an ``Accept-Language`` that we know, by weight; "" for none.

    Source: RFC 9110, section 12.5.4.
    """
    asked: list[tuple[float, Language]] = []
    for one in header.split(","):
        tag, _, weight = one.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        if primary in ("en", "zh"):
            asked.append((_weight(weight), "zh" if primary == "zh" else "en"))
    best = max(asked, key=lambda one: one[0], default=(0.0, ""))
    return best[1] if best[0] > 0 else ""


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def recognised(text: str, channel: str, language: Language) -> str:
    """What was recognised by a channel, in a language where its name is known in it; other lines as they are."""
    if channel == "format":
        return _format(text, language)
    if language != "zh":
        return text
    if channel in ("picture", "object"):
        return chinese_names().get(text, text)
    if channel == "sound":
        return _sounds().get(text, text)
    if channel == "face":
        return _FACES.get(text, text)
    found = _SPEAKER.fullmatch(text) if channel == "speaker" else None
    return f"说话人{found[1]}" if found else text


def explained(text: str, channel: str, language: Language) -> str:
    """As `recognised`, what explains a moment: several names of what is seen stand with ", " between them.

    Source: `agents.search.finder.Moment`.
    """
    if channel != "picture" or language != "zh":
        return recognised(text, channel, language)
    return "、".join(recognised(one, channel, language) for one in text.split(", "))


@cache
def _sounds() -> Mapping[str, str]:
    return {sound: chinese[0] for sound, (_, chinese) in sound_names().items()}


def _format(text: str, language: Language) -> str:
    """Formats are stored in both languages, English first.

    Source: `pipeline.observers.visual_stats`, `pipeline.derive.styles`.
    """
    found = _HAN.search(text)
    if not language or found is None:
        return text
    return text[found.start() :].strip() if language == "zh" else text[: found.start()].strip() or text


def tag_names(view: LibraryView, tag_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Of some tags, by id: the name, and the name that the reader of the view reads, which may be an alias."""
    wanted = sorted(set(tag_ids))
    names = view.store.tags.names(wanted)
    strange = [tag_id for tag_id, name in names.items() if not _SCRIPTS[view.language](name)]
    aliases = view.store.tags.aliases(strange) if strange else {}
    return {tag_id: (name, shown_name(name, aliases.get(tag_id, ()), view.language)) for tag_id, name in names.items()}


def shown_name(name: str, aliases: Iterable[str], language: Language) -> str:
    """The name of a tag in the script of a language: its own, else its first alias, else what it has."""
    reads = _SCRIPTS[language]
    return next((one for one in (name, *aliases) if reads(one)), name)


def _chinese(text: str) -> bool:
    return bool(_HAN.search(text)) and not _KANA_OR_HANGUL.search(text)


def _latin(text: str) -> bool:
    return bool(_LATIN.search(text)) and not _HAN.search(text)


_SCRIPTS: Mapping[Language, Callable[[str], bool]] = {"": lambda _: True, "zh": _chinese, "en": _latin}
