"""Imports: what a library exported comes back as a person's decisions and corrections.

A file is taken as a whole or not at all. What it says already changes nothing, so an import can be repeated.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, cast

from kinodex.exports.material import KINDS, Line
from kinodex.exports.places import safe_name
from kinodex.exports.reading import Cue, Fault, TableFile, csv_rows, cues, json_rows, parquet_rows, text_of
from kinodex.exports.wording import one_line
from kinodex.schemas.api import exports as schema
from kinodex.usecases.exchange.correcting import correct
from kinodex.usecases.exchange.exporting import file_name_of, lines_of
from stores.core.errors import KinodexError, UsageError
from stores.core.records import Decision
from stores.corrections.records import LONGEST_TEXT, NewText
from stores.listing.names import called

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from stores.library_store import LibraryStore

MOST_FAULTS = 100
"""Faults of a file that are reported. Source: our choice."""

LEAST_OVERLAP = Fraction(1, 2)
"""Share of the time of a cue and a line together in which both last, for them to be the same. Source: as
`stores.corrections.applying.LEAST_OVERLAP`."""

_LOOKED_AT = 100
"""Cues that are looked at to tell what kind of lines a transcript has. Source: our choice."""

_VERDICTS = ("accepted", "rejected", "abstained", "unsure")

_SURE = {"accepted": 1.0, "rejected": 0.0}
"""The confidence of a person's decision. Source: as `stores.tags.review`."""

_TRANSCRIPTS = (".srt", ".vtt")


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file.

    Attributes:
        kind: what it is; "" if that could not be told.
        changed, unchanged: lines or decisions; nothing is changed where there are faults.
        faults: the first of them; ``faulty``: how many there are.
    """

    name: str
    kind: Literal["", "lines", "decisions"] = ""
    changed: int = 0
    unchanged: int = 0
    faults: tuple[Fault, ...] = ()
    faulty: int = 0


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How files are imported.

    Attributes:
        video_id: of transcripts that do not say which video they are of; "" to go by the file's name.
        author: who made the corrections.
        dry_run: only say what would change.
        editable: ids of the only videos that may be changed; None for all.
    """

    video_id: str = ""
    author: str = ""
    dry_run: bool = False
    editable: frozenset[str] | None = None


@dataclass(slots=True)
class _Wanted:
    texts: list[NewText] = field(default_factory=list)
    decisions: dict[str, list[Decision]] = field(default_factory=lambda: defaultdict(list))
    unchanged: int = 0
    faults: list[Fault] = field(default_factory=list)


def import_file(
    store: LibraryStore, encoders: Callable[[], Encoders], name: str, data: bytes, options: ImportOptions
) -> Imported:
    """Imports one file: decisions or lines as CSV, JSON Lines or Parquet, or a transcript as SubRip or WebVTT.

    Raises:
        UsageError: USAGE if it is none of these; TOO_LARGE.
        StoreError: LIBRARY_LOCKED and the like.
    """
    wanted = _Wanted()
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in _TRANSCRIPTS:
        kind: Literal["lines", "decisions"] = "lines"
        _read_cues(store, name, cues(text_of(data)), options, wanted)
    else:
        table = _table(suffix, data)
        wanted.faults += table.faults
        kind = _kind(table)
        (_read_lines if kind == "lines" else _read_decisions)(store, table, options, wanted)
    if wanted.faults:
        faults = sorted(wanted.faults, key=lambda fault: fault.line)
        return Imported(name, kind, 0, wanted.unchanged, tuple(faults[:MOST_FAULTS]), len(faults))
    changed = len(wanted.texts) + sum(map(len, wanted.decisions.values()))
    if not options.dry_run:
        if wanted.texts:
            correct(store, encoders, wanted.texts, options.author)
        if wanted.decisions:
            store.tags.save_of_videos(wanted.decisions, "person")
    return Imported(name, kind, changed, wanted.unchanged)


def _table(suffix: str, data: bytes) -> TableFile:
    if suffix == ".parquet":
        return parquet_rows(data)
    if suffix == ".csv":
        return csv_rows(text_of(data))
    if suffix in (".jsonl", ".ndjson"):
        return json_rows(text_of(data))
    hint = "Import what `kinodex export` wrote: .srt, .vtt, lines or tags as .csv, .jsonl or .parquet."
    raise UsageError("USAGE", f"A file {suffix or 'without suffix'!r} cannot be imported.", hint)


def _kind(table: TableFile) -> Literal["lines", "decisions"]:
    columns = set(table.columns)
    if {"video_id", "tag_id", "decision"} <= columns:
        return "decisions"
    if {"video_id", "evidence_id", "text"} <= columns:
        return "lines"
    if not table.rows and table.faults:
        return "lines"
    hint = "Decisions have the columns video_id, tag_id and decision; lines video_id, evidence_id and text."
    if {"id", "name"} <= columns:
        hint = "This looks like a tag library: kinodex tags import FILE.csv"
    raise UsageError("USAGE", "It is no table that can be imported.", hint)


class _LinesOf:
    """The lines of one video; ``by_id``: all of them."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.by_id = {line.evidence_id: line for line in lines}
        self._by_start = sorted(((line.span.start * line.span.time_base, n) for n, line in enumerate(lines)))
        self._lines = lines

    def beginning(self, first: Fraction, last: Fraction) -> list[Line]:
        """Those that begin from ``first`` to ``last``, in the order in which they were given."""
        low = bisect_left(self._by_start, (first, -1))
        high = bisect_left(self._by_start, (last, len(self._lines)))
        return [self._lines[n] for n in sorted(n for _, n in self._by_start[low:high])]


class _Lines:
    """The lines of videos, read once."""

    def __init__(self, store: LibraryStore, editable: frozenset[str] | None) -> None:
        self._store, self._editable = store, editable
        self._known: dict[str, _LinesOf] = {}

    def of(self, video_id: str) -> _LinesOf | None:
        """The lines of a video; None if there is no such video."""
        if video_id not in self._known:
            hidden = self._editable is not None and video_id not in self._editable
            if hidden or not self._store.catalog.entries([video_id]):
                return None
            self._known[video_id] = _LinesOf(lines_of(self._store, video_id))
        return self._known[video_id]


def _read_lines(store: LibraryStore, table: TableFile, options: ImportOptions, wanted: _Wanted) -> None:
    known = _Lines(store, options.editable)
    seen: dict[str, int] = {}
    for number, row in table.rows:
        video_id, evidence_id = str(row["video_id"] or ""), str(row["evidence_id"] or "")
        lines = known.of(video_id)
        if lines is None:
            wanted.faults.append(Fault(number, f"There is no video {video_id[:60]!r}."))
            continue
        kind = str(row.get("kind") or "")
        found = lines.by_id.get(evidence_id)
        if found is None:
            start, end = _number(row.get("start")), _number(row.get("end"))
            found = None if start is None or end is None else _at(lines, kind, start, end, str(row["text"] or ""))
        _want(found, number, str(row["text"] or ""), video_id, seen, wanted)


def _read_cues(store: LibraryStore, name: str, found: Sequence[Cue], options: ImportOptions, wanted: _Wanted) -> None:
    known = _Lines(store, options.editable)
    video_id = options.video_id or _named(store, name, found, options.editable)
    lines = known.of(video_id)
    if lines is None:
        raise UsageError("UNKNOWN_VIDEO", f"No video of this library is {video_id!r}.")
    if not found:
        wanted.faults.append(Fault(0, "There is no cue in it."))
    seen: dict[str, int] = {}
    ids = {cue.name for cue in found} & set(lines.by_id)
    # What kind of lines a transcript has is told by those that it names; else by its times and texts.
    kinds = {lines.by_id[one].kind for one in ids} or {_kind_of(lines, found[:_LOOKED_AT])}
    for cue in found:
        line = lines.by_id.get(cue.name)
        if line is None:
            kind = next(iter(kinds)) if len(kinds) == 1 else ""
            line = _at(lines, kind, cue.start, cue.end, cue.text)
        _want(line, cue.line, cue.text, video_id, seen, wanted)


def _kind_of(lines: _LinesOf, some: Sequence[Cue]) -> str:
    """What kind of lines cues without names are: the one that says the same most often, else speech if it can be."""

    def likeness(kind: str) -> tuple[int, bool, int]:
        met = [(cue, line) for cue in some if (line := _at(lines, kind, cue.start, cue.end, cue.text)) is not None]
        same = sum(one_line(cue.text) == one_line(line.text) for cue, line in met)
        return same, kind == KINDS[0] and bool(met), len(met)

    return max(KINDS, key=likeness)


def _named(store: LibraryStore, name: str, found: Sequence[Cue], editable: frozenset[str] | None) -> str:
    """The video that a transcript is of: that of the lines it names, else the one with the name of the file, of those
    that may be changed."""
    cited = store.catalog.evidence(cue.name for cue in found if cue.name)
    videos = {one.video_id for one in cited.values() if editable is None or one.video_id in editable}
    if len(videos) > 1:
        raise UsageError("USAGE", f"{name} has cues of {len(videos)} videos.", "Import them one by one.")
    if videos:
        return videos.pop()
    stem = one_line(PurePosixPath(name).stem)
    named = called(store, stem, lambda uri: stem in _stems(uri), editable)
    if len(named) != 1:
        what = "No video" if not named else "More than one video"
        raise UsageError("UNKNOWN_VIDEO", f"{what} of this library is called {stem!r}.", "Say which: --video VIDEO")
    return named[0]


def _stems(uri: str) -> tuple[str, str]:
    """What a transcript of a video may be called: as the video, or as an export names it."""
    stem = PurePosixPath(file_name_of(uri)).stem
    return one_line(stem), safe_name(stem)


def _want(found: Line | None, number: int, text: str, video_id: str, seen: dict[str, int], wanted: _Wanted) -> None:
    """Notes what a row wants of a line, or what is wrong with it."""
    kept = one_line(text)
    if found is None:
        wanted.faults.append(Fault(number, "The video has no line with this id, and none at this time."))
    elif found.evidence_id in seen:
        message = f"It is about the same line as line {seen[found.evidence_id]}."
        wanted.faults.append(Fault(number, message))
    elif kept == one_line(found.text):
        wanted.unchanged += 1
        seen[found.evidence_id] = number
    elif not kept:
        wanted.faults.append(Fault(number, "Its text is empty."))
    elif len(kept) > LONGEST_TEXT:
        wanted.faults.append(Fault(number, f"Its text has {len(kept)} characters; {LONGEST_TEXT} are the most."))
    else:
        seen[found.evidence_id] = number
        wanted.texts.append(NewText(video_id, found.evidence_id, kept))


def _at(lines: _LinesOf, kind: str, start: Fraction, end: Fraction, text: str) -> Line | None:
    """The line of a kind ("": any) that lasts as long, best; of several the one that says the same."""
    best: tuple[tuple[Fraction, bool], Line] | None = None
    # One that begins earlier by more than the cue's length shares less than half of the time with it.
    for line in lines.beginning(start - max(Fraction(0), end - start), max(start, end)):
        if kind and line.kind != kind:
            continue
        first, last = line.span.start * line.span.time_base, line.span.end * line.span.time_base
        shared, whole = min(end, last) - max(start, first), max(end, last) - min(start, first)
        overlap = shared / whole if whole > 0 else Fraction(int(start == first))
        if overlap < LEAST_OVERLAP:
            continue
        rank = (round(overlap * 100) / Fraction(100), one_line(line.text) == one_line(text))
        if best is None or rank > best[0]:
            best = rank, line
    return best[1] if best else None


def _number(value: Any) -> Fraction | None:
    try:
        # By way of a float, whose exponent is small: 1e999999999 would be a number of a billion digits.
        return Fraction(repr(float(str(value).replace(",", "."))))
    except ValueError:
        return None


def _read_decisions(store: LibraryStore, table: TableFile, options: ImportOptions, wanted: _Wanted) -> None:
    seen: dict[tuple[str, str], int] = {}
    now: dict[str, dict[str, Decision]] = {}
    asked = list(dict.fromkeys(str(row["video_id"] or "") for _, row in table.rows))
    there = {entry.video_id for entry in store.catalog.entries(asked)}
    if options.editable is not None:
        there &= options.editable
    tags = store.tags.known(sorted({str(row["tag_id"] or "") for _, row in table.rows}))
    for number, row in table.rows:
        video_id, tag_id = str(row["video_id"] or ""), str(row["tag_id"] or "")
        verdict = str(row["decision"] or "").strip().lower()
        if (message := _wrong(video_id, tag_id, there, tags)) is not None:
            wanted.faults.append(Fault(number, message))
            continue
        if (video_id, tag_id) in seen:
            message = f"The same tag of the same video is decided in line {seen[video_id, tag_id]}."
            wanted.faults.append(Fault(number, message))
            continue
        seen[video_id, tag_id] = number
        if video_id not in now:
            now[video_id] = {one.tag_id: one for one in store.tags.decisions(video_id)}
        before = now[video_id].get(tag_id)
        if before is not None and before.decision == verdict:
            wanted.unchanged += 1
        elif verdict in _VERDICTS:
            made = before or Decision(video_id, tag_id, "unsure", 0.5, (), ())
            decision = cast(Literal["accepted", "rejected", "abstained", "unsure"], verdict)
            sure = _SURE.get(verdict, made.confidence)
            kept = replace(made, decision=decision, confidence=sure, recalled_by=("person",), scores=())
            wanted.decisions[video_id].append(kept)
        else:
            wanted.faults.append(Fault(number, f"{verdict[:40]!r} is no decision: accepted, rejected or unsure."))


def _wrong(video_id: str, tag_id: str, videos: set[str], tags: frozenset[str]) -> str | None:
    if video_id not in videos:
        return f"There is no video {video_id[:60]!r}."
    return None if tag_id in tags else f"There is no tag {tag_id[:60]!r}."


def read_file(path: Path) -> bytes:
    """The bytes of a file to import.

    Raises:
        UsageError: FILE_MISSING, or USAGE if it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UsageError("FILE_MISSING", f"There is no file {path}.") from None
    except OSError as error:
        raise UsageError("USAGE", f"{path} cannot be read: {error.strerror}.") from None


def document(made: Imported) -> schema.ImportedFile:
    """The document of an import."""
    return schema.ImportedFile(
        name=made.name,
        kind=made.kind,
        changed=made.changed,
        unchanged=made.unchanged,
        faulty=made.faulty,
        faults=[schema.ImportFault(line=fault.line, message=fault.message) for fault in made.faults],
    )


def refused(name: str, error: KinodexError) -> Imported:
    """What is said of a file that could not be read at all."""
    return Imported(name, faults=(Fault(0, f"{error.message} {error.hint}".strip()),), faulty=1)
