"""The tables that people and models may ask, as data: what each column means and its unit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

ColumnType = Literal["text", "words", "names", "integer", "real"]
"""``text`` is compared as it stands (ids); ``words`` without regard to case; ``names`` are several ones, separated by
``;``, and equal to a word if one of them is."""


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """One column. ``unit``: "" where there is none."""

    name: str
    type: ColumnType
    meaning: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class TableInfo:
    """One table that can be asked; ``columns`` in the order of ``SELECT *``."""

    name: str
    meaning: str
    columns: tuple[ColumnInfo, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return tuple(column.name for column in self.columns)


_VIDEO = ColumnInfo("video_id", "text", "id of the video")
_EVIDENCE = ColumnInfo("evidence_id", "text", "id to cite")
_CLIP = ColumnInfo("clip_id", "text", "id of the clip")
_START = ColumnInfo("start_seconds", "real", "start", "s")
_END = ColumnInfo("end_seconds", "real", "end, exclusive", "s")
_FOUND = (_EVIDENCE, _VIDEO, _START, _END)
_CONFIDENCE = ColumnInfo("confidence", "real", "how sure it is", "0 to 1")
_KINDS = ColumnInfo("kinds", "names", "broader nouns, separated by ;, general first")
_ZH = "Chinese names, separated by ;"

_VIDEOS = TableInfo(
    "videos",
    "one row for each video",
    (
        _VIDEO,
        ColumnInfo("name", "words", "file name"),
        ColumnInfo("seconds", "real", "length", "s"),
        ColumnInfo("width", "integer", "width as displayed", "px"),
        ColumnInfo("height", "integer", "height as displayed", "px"),
        ColumnInfo("orientation", "words", "landscape, portrait or square"),
        ColumnInfo("frame_rate", "real", "average", "frames/s"),
        ColumnInfo("has_audio", "integer", "1 if there is a sound track, else 0"),
        ColumnInfo("video_codec", "words", "e.g. h264"),
        ColumnInfo("audio_codec", "words", "e.g. aac, empty without sound"),
        ColumnInfo("container", "words", "file format"),
        ColumnInfo("size_bytes", "integer", "file size", "bytes"),
        ColumnInfo("searchable", "integer", "1 if it is indexed, else 0"),
    ),
)

_TRACKLETS = TableInfo(
    "tracklets",
    "one row for each object followed within a scene; the same object in two scenes has two rows",
    (
        *_FOUND,
        ColumnInfo("category", "words", "what it is: person, dog, car …"),
        ColumnInfo("category_zh", "names", _ZH),
        _KINDS,
        ColumnInfo("appearance", "words", "main colours, e.g. red, white"),
        ColumnInfo(
            "motion", "words", "still, left, right, up, down, nearer, farther or wandering (moved and came back)"
        ),
        ColumnInfo("direction", "words", "left, right, up, down, nearer or farther; NULL if still or wandering"),
        ColumnInfo("speed", "real", "straight from first to last place; NULL if seen once", "picture widths/s"),
        ColumnInfo("size", "real", "mean share of the picture's area", "0 to 1"),
        ColumnInfo("x", "real", "mean centre, 0 left edge, 1 right edge", "picture widths"),
        ColumnInfo("y", "real", "mean centre, 0 top, 1 bottom", "picture heights"),
        ColumnInfo("first_seen", "real", "first detection", "s"),
        ColumnInfo("last_seen", "real", "last detection", "s"),
        ColumnInfo("detections", "integer", "frames it was detected in"),
        ColumnInfo("audio", "words", "meanwhile: speech, sound or silence"),
        _CONFIDENCE,
    ),
)

# People get a row here and a view in `views` when the library knows them.
_TABLES = (
    _VIDEOS,
    TableInfo("scenes", "spans between two cuts", (ColumnInfo("scene_id", "text", "id"), _VIDEO, _START, _END)),
    TableInfo(
        "clips",
        "spans of a sensible length, the unit of search",
        (_CLIP, _VIDEO, _START, _END, ColumnInfo("keyframe_seconds", "real", "the frame that stands for it", "s")),
    ),
    TableInfo(
        "transcript",
        "what was said",
        (
            *_FOUND,
            ColumnInfo("text", "words", "the words"),
            ColumnInfo("language", "words", "ISO 639-1: en, zh …"),
            ColumnInfo("speaker", "words", "whose turn it lies in most: speaker 1, speaker 2 …; NULL if not known"),
            _CONFIDENCE,
        ),
    ),
    TableInfo(
        "speakers",
        "one row for each turn in which one voice speaks; numbers are those of one video",
        (
            *_FOUND,
            ColumnInfo("speaker", "words", "which voice: speaker 1, speaker 2 …"),
            ColumnInfo("number", "integer", "the number of the voice in its video, from 1"),
            _CONFIDENCE,
        ),
    ),
    TableInfo(
        "screen_text", "text read on screen", (*_FOUND, ColumnInfo("text", "words", "as it was read"), _CONFIDENCE)
    ),
    TableInfo(
        "labels",
        "what a clip's pictures show as a whole",
        (
            *_FOUND,
            _CLIP,
            ColumnInfo("name", "words", "what is shown"),
            ColumnInfo("name_zh", "names", _ZH),
            _KINDS,
            _CONFIDENCE,
            ColumnInfo("peak", "real", "the highest confidence in one frame", "0 to 1"),
        ),
    ),
    TableInfo(
        "captions",
        "a model's descriptions of clips",
        (*_FOUND, _CLIP, ColumnInfo("text", "words", "the description"), _CONFIDENCE),
    ),
    TableInfo("summaries", "a model's summary of each video", (*_FOUND, ColumnInfo("text", "words", "the summary"))),
    TableInfo(
        "facts",
        "measured properties of a video in words: vertical, black and white, no sound; and which stretches are "
        "probably animated, or show a screen or text (confidence from 0.5)",
        (*_FOUND, ColumnInfo("text", "words", "English and Chinese"), _CONFIDENCE),
    ),
    _TRACKLETS,
    TableInfo(
        "sounds",
        "what is heard when; speech, singing and music may overlap",
        (
            *_FOUND,
            ColumnInfo("name", "words", "speech, singing, music or silence"),
            ColumnInfo("name_zh", "names", _ZH),
            _CONFIDENCE,
        ),
    ),
    TableInfo(
        "people",
        "whose face is seen when; one row for each time somebody comes into the picture",
        (
            *_FOUND,
            ColumnInfo("person_id", "text", "id of the person, the same in all videos"),
            ColumnInfo("name", "names", "their name, empty while nobody gave one"),
            ColumnInfo("looks", "words", "man, woman, or face where that is not sure"),
        ),
    ),
    TableInfo(
        "tags",
        "decisions about tags of videos; a person's decision replaces the automatic one",
        (
            ColumnInfo("evidence_id", "text", "the strongest evidence to cite, if any"),
            _VIDEO,
            ColumnInfo("tag_id", "text", "id of the tag"),
            ColumnInfo("tag", "words", "its name"),
            ColumnInfo("facet", "words", "kind of tag: who, what, object, where, how …"),
            ColumnInfo("decision", "words", "accepted, rejected, abstained, proposed or unsure"),
            ColumnInfo("origin", "words", "automatic, derived (a narrower tag is accepted) or person"),
            _CONFIDENCE,
        ),
    ),
)


@cache
def schema() -> dict[str, TableInfo]:
    """Every table that can be asked, by name."""
    return {table.name: table for table in _TABLES}


def schema_text() -> str:
    """The schema in a few hundred words, one table a line: for prompts and for help."""
    lines = []
    for table in _TABLES:
        columns = ", ".join(f"{one.name} ({_note(one)})" for one in table.columns)
        lines.append(f"{table.name}: {table.meaning}. {columns}")
    return "\n".join(lines)


def _note(column: ColumnInfo) -> str:
    return f"{column.meaning}, {column.unit}" if column.unit else column.meaning
