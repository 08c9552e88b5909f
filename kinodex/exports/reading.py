"""What an import reads: tables and transcripts, each row with the line it stands in."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from kinodex.exports.wording import JOINER, uncell, unwrapped
from kinodex.text import printable
from stores.core.errors import UsageError

MOST_BYTES = 64 << 20
"""Size of a file that is read. Source: our choice: the lines of a thousand hours take less."""

MOST_ROWS = 1_000_000
"""Lines of a table, good or bad."""

MOST_COLUMNS = 1_000
"""Columns of a table, of which each row has a cell."""

MOST_UNPACKED = 4 * MOST_BYTES
"""Bytes of the cells of a Parquet file, which is compressed. Source: our choice."""

_BATCH = 1_024  # rows of a Parquet file that are unpacked at a time

_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_TIMING = re.compile(rf"^\s*{_TIME}\s+-->\s+{_TIME}(?:\s.*)?$")
_TAGS = re.compile(r"</?[a-zA-Z0-9][^<>]*>")
_SRT_TAGS = re.compile(rf"{_TAGS.pattern}|\{{\\[^{{}}]*\}}")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one line of a file; 0 for the file as a whole."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue of a transcript; ``start`` and ``end`` in seconds."""

    line: int
    name: str
    start: Fraction
    end: Fraction
    text: str


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table: (line, row) each; a row has every column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, Any]], ...]
    faults: tuple[Fault, ...] = field(default=())


def text_of(data: bytes) -> str:
    """The text of a file, in UTF-8 or in UTF-16 with its mark.

    Raises:
        UsageError: TOO_LARGE, or USAGE if it is neither.
    """
    check_size(data)
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"It is not in UTF-8 (byte {error.start})."
        raise UsageError("USAGE", message, "Save it as UTF-8; in a spreadsheet, as “CSV UTF-8”.") from None


def check_size(data: bytes) -> None:
    """Refuses files that are too large.

    Raises:
        UsageError: TOO_LARGE.
    """
    if len(data) > MOST_BYTES:
        raise UsageError("TOO_LARGE", f"It has {len(data)} bytes; {MOST_BYTES} are the most.", "Import it in parts.")


def cues(text: str) -> list[Cue]:
    """The cues of a SubRip or WebVTT file, without markup, each in one line."""
    is_vtt = text.lstrip().startswith("WEBVTT")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found: list[Cue] = []
    number = 0
    while number < len(lines):
        times = _TIMING.match(lines[number])
        if times is None:
            number += 1
            continue
        at = number
        body: list[str] = []
        number += 1
        while number < len(lines) and lines[number].strip():
            body.append(lines[number])
            number += 1
        before = lines[at - 1].strip() if at and (at < 2 or not lines[at - 2].strip()) else ""
        start, end = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
        found.append(Cue(at + 1, before, start, end, _plain("\n".join(body), is_vtt)))
    return found


def _plain(text: str, is_vtt: bool) -> str:
    if is_vtt:
        return unwrapped(html.unescape(_TAGS.sub("", text)))
    return unwrapped(_SRT_TAGS.sub("", text).replace(JOINER, ""))


def _seconds(parts: tuple[str | None, ...]) -> Fraction:
    hours, minutes, seconds, fraction = parts
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return Fraction(whole) + Fraction(int(fraction or 0), 10 ** len(fraction or "0"))


def csv_rows(text: str) -> TableFile:
    """A CSV file, separated by commas, semicolons or tabs as its first line is."""
    head = text.split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    rows: list[tuple[int, dict[str, Any]]] = []
    faults: list[Fault] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    columns: tuple[str, ...] = ()
    try:
        for values in reader:
            if not columns:
                columns = tuple(value.strip() for value in values)
            elif len(values) == len(columns):
                rows.append((reader.line_num, dict(zip(columns, map(uncell, values), strict=True))))
            elif any(values):
                faults.append(Fault(reader.line_num, f"It has {len(values)} cells; there are {len(columns)} columns."))
            _check_shape(len(rows) + len(faults), len(columns))
    except csv.Error as error:
        faults.append(Fault(reader.line_num, f"It is no CSV: {error}."))
    return TableFile(columns, tuple(rows), tuple(faults))


def json_rows(text: str) -> TableFile:
    """A file with one JSON object a line."""
    rows: list[tuple[int, dict[str, Any]]] = []
    faults: list[Fault] = []
    columns: dict[str, None] = {}
    for number, line in _lines(text):
        try:
            value = json.loads(line, object_pairs_hook=_readable)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            rows.append((number, value))
            columns |= dict.fromkeys(value)
        else:
            faults.append(Fault(number, "It is no JSON object."))
        _check_shape(len(rows) + len(faults), len(columns))
    names = tuple(columns)
    full = tuple((number, {name: row.get(name) for name in names}) for number, row in rows)
    return TableFile(names, full, tuple(faults))


def _readable(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # JSON can say halves of characters, which are no text.
    return {printable(name): printable(value) if isinstance(value, str) else value for name, value in pairs}


def parquet_rows(data: bytes) -> TableFile:
    """A Parquet file; the line of a row is its number. Columns of lists and the like are left out.

    Raises:
        UsageError: USAGE if it cannot be read; TOO_LARGE.
    """
    import pyarrow as pa
    from pyarrow import parquet

    check_size(data)
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        _check_shape(file.metadata.num_rows, file.metadata.num_columns)
        fields = {field.name: field.type for field in file.schema_arrow if not pa.types.is_nested(field.type)}
        texts = [name for name, kind in fields.items() if any(of(kind) for of in _kinds_of_text(pa.types))]
        # Texts that repeat stay one: else a small file could become any size.
        file = parquet.ParquetFile(io.BytesIO(data), read_dictionary=texts)
        rows, size = list[dict[str, Any]](), 0
        for batch in file.iter_batches(_BATCH, columns=list(fields)):
            size += _unpacked(batch)
            if size > MOST_UNPACKED:
                raise UsageError(
                    "TOO_LARGE", f"Unpacked it has more than {MOST_UNPACKED} bytes.", "Import it in parts."
                )
            rows += batch.to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UsageError("USAGE", f"It is no Parquet file: {reason}", "Export it again.") from None
    return TableFile(tuple(fields), tuple(enumerate(rows, 1)))


def _kinds_of_text(types: Any) -> tuple[Callable[[Any], bool], ...]:
    """Whether the type of a column is one of these: texts, as other programs write them."""
    large, views = (types.is_large_string, types.is_large_binary), (types.is_string_view, types.is_binary_view)
    return types.is_string, types.is_binary, *large, *views


def _unpacked(batch: Any) -> int:
    """Bytes of a batch of a Parquet file once its texts are written out, however often each is in it."""
    import pyarrow as pa
    from pyarrow import compute

    size = 0
    for column in batch.columns:
        if not pa.types.is_dictionary(column.type):
            size += column.nbytes
            continue
        lengths = compute.binary_length(column.dictionary).take(column.indices)
        size += compute.sum(lengths).as_py() or 0
    return size


def _check_shape(rows: int, columns: int) -> None:
    if rows > MOST_ROWS:
        raise UsageError("TOO_LARGE", f"It has more than {MOST_ROWS} rows.", "Import it in parts.")
    if columns > MOST_COLUMNS:
        raise UsageError("TOO_LARGE", f"It has more than {MOST_COLUMNS} columns.", "Leave out those not needed.")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    # Not `splitlines`: JSON strings may hold U+2028 and the like.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line
