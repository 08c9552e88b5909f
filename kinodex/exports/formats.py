"""The formats in which a library is exported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kinodex.exports import chapters, nfo, subtitles, tables, timelines, web_annotations
from kinodex.exports.fcpxml import fcpxml
from kinodex.exports.material import Line, VideoMaterial
from kinodex.exports.table_files import TableForm, table_file
from stores.core.errors import UsageError

Part = Literal["lines", "scenes", "tracklets", "decisions", "moments", "script"]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody wants of an export.

    Attributes:
        title: of a timeline.
        kind: of the lines of a transcript.
        tag_ids: only these tags.
        query: only moments that match it; "" for none.
        bom: begin CSV with the mark by which Excel knows UTF-8.
    """

    title: str = "Kinodex"
    kind: str = "speech"
    tag_ids: tuple[str, ...] = ()
    query: str = ""
    bom: bool = False


_Writer = Callable[[Sequence[VideoMaterial], Wishes], bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """A format.

    Attributes:
        name: as it is asked for; ``suffix`` and ``media_type``: of its files.
        parts: what it needs to know of each video.
        together: whether several videos become one file instead of one each.
        text: whether it may be printed.
        note: what it cannot say.
        table: the table that it is, and its form, where that can be written video by video; None elsewhere.
    """

    name: str
    suffix: str
    media_type: str
    parts: frozenset[Part]
    write: _Writer = field(repr=False)
    together: bool = False
    text: bool = True
    note: str = ""
    table: tuple[tables.TableKind, TableForm] | None = field(default=None, repr=False)

    def items(self, videos: Sequence[VideoMaterial], wishes: Wishes) -> int:
        """How many lines, cuts or rows there are to be written; of formats about videos as a whole, how many videos."""
        table = tables.TABLES.get(self.name.partition(".")[0])
        if table is not None:
            return sum(1 for one in videos for _ in table.rows(one))
        if self.parts == _LINES:
            kind = "speech" if self.name.startswith("speakers.") else wishes.kind
            return sum(len(one.of_kind(kind)) for one in videos)
        if self.parts == _TIMELINE:
            return len(_cuts(videos, wishes))
        return len(videos)

    def nothing(self, wishes: Wishes) -> str:
        """What is said where there was nothing to be written."""
        if "moments" in self.parts and wishes.query:
            return "Nothing was there to export: no moment matches."
        if self.parts == _LINES and not self.name.startswith("lines"):
            kind = "speech" if self.name.startswith("speakers.") else wishes.kind
            return f"Nothing was there to export: no line of the kind {kind}."
        if "decisions" in self.parts and self.name != "nfo":
            return "Nothing was there to export: no tag was accepted."
        return "Nothing was there to export."


def _each(writer: Callable[[VideoMaterial, Wishes], str]) -> _Writer:
    def write(videos: Sequence[VideoMaterial], wishes: Wishes) -> bytes:
        return "".join(writer(one, wishes) for one in videos).encode("utf-8", "replace")

    return write


def _spoken(writer: Callable[[Iterable[Line]], str]) -> Callable[[VideoMaterial, Wishes], str]:
    return lambda video, _: writer(video.of_kind("speech"))


def _cuts(videos: Sequence[VideoMaterial], wishes: Wishes) -> Sequence[timelines.Cut]:
    return timelines.moments(videos) if wishes.query else timelines.tagged(videos, wishes.tag_ids)


def _timeline(writer: Callable[[str, Sequence[timelines.Cut]], str]) -> _Writer:
    def write(videos: Sequence[VideoMaterial], wishes: Wishes) -> bytes:
        return writer(wishes.title, _cuts(videos, wishes)).encode("utf-8", "replace")

    return write


def _table(name: str, form: TableForm) -> _Writer:
    table = tables.TABLES[name]

    def write(videos: Sequence[VideoMaterial], wishes: Wishes) -> bytes:
        rows = [row for one in videos for row in table.rows(one)]
        if name == "moments":
            rows.sort(key=lambda row: row["rank"])  # type: ignore[arg-type, return-value]
        return table_file(table, form, rows, wishes.bom)

    return write


_ALL: frozenset[Part] = frozenset({"lines", "scenes", "tracklets", "decisions", "script"})
_LINES: frozenset[Part] = frozenset({"lines"})
_CHAPTERS: frozenset[Part] = frozenset({"lines", "scenes"})
_TIMELINE: frozenset[Part] = frozenset({"decisions", "moments"})
_NEEDS: Mapping[str, frozenset[Part]] = {
    "videos": frozenset({"decisions", "script"}),
    "lines": _LINES,
    "tracklets": frozenset({"tracklets"}),
    "tags": frozenset({"decisions"}),
    "moments": frozenset({"moments"}),
}
_FORMS: tuple[tuple[TableForm, str], ...] = (
    ("csv", "text/csv"),
    ("jsonl", "application/jsonl"),
    ("parquet", "application/vnd.apache.parquet"),
)
_CAPITALS = "An EDL says markers in capitals and numbers at most 999 events; names beyond ASCII stand in its comments."

FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format("srt", ".srt", "application/x-subrip", _LINES, _each(lambda v, w: subtitles.srt(v.of_kind(w.kind)))),
        Format("vtt", ".vtt", "text/vtt", _LINES, _each(lambda v, w: subtitles.vtt(v.of_kind(w.kind)))),
        Format("txt", ".txt", "text/plain", _LINES, _each(lambda v, w: subtitles.plain(v.of_kind(w.kind)))),
        *(
            Format(f"speakers.{name}", f".speakers.{name}", kind, _LINES, _each(_spoken(writer)))
            for name, kind, writer in (
                ("srt", "application/x-subrip", subtitles.speaker_srt),
                ("vtt", "text/vtt", subtitles.speaker_vtt),
                ("txt", "text/plain", subtitles.speaker_plain),
            )
        ),
        Format(
            "chapters",
            ".chapters.vtt",
            "text/vtt",
            _CHAPTERS,
            _each(lambda v, _: chapters.webvtt(chapters.chapters_of(v))),
        ),
        Format(
            "ffmetadata",
            ".ffmetadata",
            "text/plain",
            _CHAPTERS,
            _each(lambda v, _: chapters.ffmetadata(v.name, chapters.chapters_of(v))),
        ),
        Format(
            "annotations",
            ".jsonld",
            "application/ld+json",
            _ALL,
            _each(lambda v, _: web_annotations.annotation_page(v)),
        ),
        Format("nfo", ".nfo", "text/xml", frozenset({"decisions", "script", "lines"}), _each(lambda v, _: nfo.nfo(v))),
        Format("otio", ".otio", "application/json", _TIMELINE, _timeline(timelines.otio), together=True),
        Format("edl", ".edl", "text/plain", _TIMELINE, _timeline(timelines.edl), together=True, note=_CAPITALS),
        Format("fcpxml", ".fcpxml", "application/xml", _TIMELINE, _timeline(fcpxml), together=True),
        Format("fcp7", ".xml", "application/xml", _TIMELINE, _timeline(timelines.fcp7), together=True),
        *(
            Format(
                f"{table}.{kind}",
                f".{table}.{kind}",
                media_type,
                _NEEDS[table],
                _table(table, kind),
                together=True,
                text=kind != "parquet",
                # Moments stand by rank, whatever video they are of.
                table=(tables.TABLES[table], kind) if table != "moments" else None,
            )
            for table in tables.TABLES
            for kind, media_type in _FORMS
        ),
    )
}
"""Every format by name: transcripts, with who speaks or without, chapters, timelines, annotations, and tables as
``TABLE.csv|jsonl|parquet``."""


def format_of(name: str) -> Format:
    """The format of a name.

    Raises:
        UsageError: USAGE, naming those there are.
    """
    found = FORMATS.get(name.lower())
    if found is None:
        hint = f"Formats: {', '.join(FORMATS)}, clips."
        raise UsageError("USAGE", f"There is no export format {name[:40]!r}.", hint)
    return found
