"""Records as table columns and back: one codec for the tables and for staged outputs.

A column has the name of its field; a `Span` becomes ``start_tick`` and ``end_tick``; nested tuples become
JSON lists. Text is cleaned on the way in, because neither SQLite nor Postgres can store every character that a
speech recogniser or a text reader may return.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from fractions import Fraction
from typing import Any

from stores.core.former_names import current_kind
from stores.core.records import (
    Caption,
    Clip,
    FaceTrack,
    Fact,
    Label,
    Record,
    Scene,
    ScreenText,
    Script,
    SoundEvent,
    Span,
    SpeakerTurn,
    SpeechActivity,
    Tracklet,
    Utterance,
    Video,
    Word,
)

Columns = dict[str, Any]

KINDS: dict[str, type[Record]] = {
    kind.__name__: kind
    for kind in (
        Scene,
        Clip,
        Utterance,
        ScreenText,
        Label,
        Tracklet,
        Fact,
        SpeechActivity,
        Caption,
        Script,
        SoundEvent,
        FaceTrack,
        SpeakerTurn,
    )
}


def clean(text: str) -> str:
    """``text`` as every database can store it: lone surrogates and NUL become U+FFFD."""
    if "\0" in text:
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def columns_of(record: Record) -> Columns:
    """The columns of one record, without the video, stage and fingerprint it belongs to."""
    columns: Columns = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, Span):
            columns["start_tick"], columns["end_tick"] = value.start, value.end
        elif field.name == "words":
            columns["words"] = [[clean(w.text), w.span.start, w.span.end, w.probability] for w in value]
        else:
            columns[field.name] = _plain(value)
    return columns


def record_of(kind: str, columns: Mapping[Any, Any], time_base: Fraction) -> Record:
    """The inverse of `columns_of`.

    Raises:
        KeyError: if ``kind`` is none of `KINDS`, nor a former name of one, or a column is missing.
    """
    of = KINDS[current_kind(kind)]
    values: Columns = {}
    for field in fields(of):
        if field.name == "span":
            values["span"] = Span(columns["start_tick"], columns["end_tick"], time_base)
        elif field.name == "words":
            values["words"] = tuple(Word(text, Span(s, e, time_base), p) for text, s, e, p in columns["words"])
        else:
            values[field.name] = _tupled(columns[field.name])
    return of(**values)


def search_text(record: Label | Tracklet) -> str:
    """The text by which a label or tracklet is found: names in both languages, broader nouns, appearance, motion."""
    if isinstance(record, Label):
        words = (record.name, *record.name_zh.split(";"), *record.broader)
    else:
        names = (record.category, *record.category_zh.split(";"))
        words = (*names, *record.broader, record.appearance, record.motion)
    return clean("; ".join(dict.fromkeys(word.strip() for word in words if word.strip())))


def video_columns(video: Video) -> Columns:
    """The columns of `stores.sql.tables.VideoRow`."""
    columns: Columns = {}
    for field in fields(video):
        value = getattr(video, field.name)
        if isinstance(value, Fraction):
            columns[f"{field.name}_numerator"] = value.numerator
            columns[f"{field.name}_denominator"] = value.denominator
        else:
            columns[field.name] = _plain(value)
    return columns


def video_of(columns: Mapping[Any, Any]) -> Video | None:
    """The video, or None if it has not been probed."""
    if columns["time_base_numerator"] is None:
        return None
    values: Columns = {}
    for field in fields(Video):
        if field.name in ("time_base", "frame_rate"):
            values[field.name] = Fraction(columns[f"{field.name}_numerator"], columns[f"{field.name}_denominator"])
        else:
            values[field.name] = _tupled(columns[field.name])
    return Video(**values)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _tupled(value: Any) -> Any:
    return tuple(_tupled(item) for item in value) if isinstance(value, list) else value
