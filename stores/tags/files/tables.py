"""Vocabularies as tables, with any separator, with headers or without; and as lists of names, one a line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from stores.core.records import Tag
from stores.tags.files.vocabulary_file import FIELDS, Gathering, ReadOptions, VocabularyFile, field_of, invalid, joined

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
"""As files have that are no text. One with headers is taken at its word."""

_SEPARATORS = {
    ",": "commas",
    "\t": "tabs",
    ";": "semicolons",
    "||": "double bars",
    "::": "double colons",
    "|": "bars",
    "，": "full-width commas",
    "；": "full-width semicolons",
}
"""Those that are tried, the likeliest first; of two that fit as well, the longer one."""

_SAMPLED = 50
"""Lines by which a separator is told. Source: our choice."""

_PLAIN = ("name", "aliases")
"""What the columns of a table without headers are, if there are no more than these."""

csv.field_size_limit(1 << 24)


def read_table(path: object, text: str, options: ReadOptions, remarks: Sequence[str]) -> VocabularyFile:
    """The tags of a table. Empty lines are skipped, blanks around a value dropped.

    Args:
        path: for messages.
        remarks: what is known of how it was read; the rest is added.

    Raises:
        TagFileError: TAG_FILE_INVALID naming the lines that are wrong.
    """
    if "\0" in text:
        raise invalid(path, f"line {text.count(chr(10), 0, text.index(chr(0))) + 1} holds a NUL character")
    sample = [line for line in text[:1_000_000].splitlines() if line.strip()][:_SAMPLED]
    if not sample:
        raise invalid(path, "line 1 should be the header id,name,facet,aliases and is empty")
    separator = options.separator.replace("\\t", "\t") or _separator(sample)
    rows = _rows(path, text, separator)
    line, first = next(rows, (1, []))
    while not any(cell.strip() for cell in first):
        line, first = next(rows)
    fields, columns, headed = _fields(path, line, first, options.columns)
    name = _SEPARATORS.get(separator, repr(separator))
    notes = [*remarks, f"separated by {name}" if separator and len(first) > 1 else "one name a line", *columns]
    found = Gathering(path)
    if not headed:
        if _CONTROL.search(text):
            raise invalid(path, "it is neither a table nor a list of names, for it holds control characters")
        _add(found, line, first, fields)
    for line, row in rows:
        if any(cell.strip() for cell in row):
            _add(found, line, row, fields)
    return found.finished((name for name in fields if name), notes)


def write_table(path: Path, tags: Iterable[Tag], separator: str = ",") -> None:
    """Writes tags as UTF-8 with all columns; `read_table` returns the same ones.

    Raises:
        OSError: if the file cannot be written.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(FIELDS)
        for tag in tags:
            row = (tag.tag_id, tag.name, tag.facet, joined(tag.aliases), tag.parent, tag.language, tag.status)
            writer.writerow(row)


def _rows(path: object, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    if len(separator) != 1:
        # Names in a list are as they are, quotes, too.
        for number, one in enumerate(text.split("\n"), 1):
            yield number, one.rstrip("\r").split(separator) if separator else [one]
        return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise invalid(path, f"line {line}: {error}") from error


def _add(found: Gathering, line: int, row: Sequence[str], fields: Sequence[str]) -> None:
    if len(row) > len(fields):
        found.wrong(line, f"{len(row)} values for {len(fields)} columns; a value with the separator needs quotes")
        return
    values = {name: cell for name, cell in zip(fields, row, strict=False) if name}
    if "id" in fields and not values.get("id", "").strip():
        found.wrong(line, "the id is empty")
        return
    found.add(line, values)


def _separator(sample: Sequence[str]) -> str:
    """That of a table; "" for a list of names."""
    first = sample[0]
    named = {one: _headers(first, one) for one in _SEPARATORS if one in first}
    best = max(named, key=lambda one: (len(named[one]), len(one)), default="")
    if best and (len(named[best]) > 1 or "name" in named[best]):
        return best
    if field_of(_cells(first, ",")[0]) and not best:
        return ","  # one column with a header
    long = [one for one in _SEPARATORS if len(one) > 1 and all(one in line for line in sample)]
    if long or len(sample) < 2:
        return max(long, key=len, default="")
    counts = {one: {line.count(one) for line in sample} for one in _SEPARATORS}
    return next((one for one, found in counts.items() if len(found) == 1 and found != {0}), "")


def _cells(line: str, separator: str) -> list[str]:
    return [cell.strip().strip('"') for cell in line.lstrip("\ufeff").split(separator)]


def _headers(line: str, separator: str) -> set[str]:
    return {name for cell in _cells(line, separator) if (name := field_of(cell))}


def _fields(path: object, line: int, first: Sequence[str], columns: str) -> tuple[list[str], list[str], bool]:
    """The field of each column ("": none), what there is to say of it, and whether the first row names them."""
    cells = [cell.strip() for cell in first]
    if columns and "=" not in columns:
        return _by_order(path, columns), [f"columns taken as {columns}"], False
    renamed = _renamed(path, columns)
    fields = [renamed.get(cell.lower()) or field_of(cell) for cell in cells]
    for cell in renamed:
        if cell not in (one.lower() for one in cells):
            raise invalid(path, f"line {line}: there is no column {cell}; there are {', '.join(cells)[:200]}")
    if renamed:
        # What was said is so: another column that might be the same is not meant.
        kept = {name: [c.lower() for c in cells].index(cell) for cell, name in renamed.items()}
        fields = ["" if name in kept and at != kept[name] else name for at, name in enumerate(fields)]
    if not any(fields):
        return _without_headers(path, cells)
    repeated = sorted({name for name in fields if name and fields.count(name) > 1})
    if repeated:
        raise invalid(path, f"line {line}: repeated column {', '.join(repeated)}; say which: --columns name=HEADER")
    if "name" not in fields:
        if len([name for name in fields if name]) < 2:
            return _without_headers(path, cells)
        raise invalid(path, f"line {line}: missing column name; known are {', '.join(FIELDS)}")
    remarks = [
        f"{cell!r} read as {name}" for cell, name in zip(cells, fields, strict=True) if name and cell.lower() != name
    ]
    unused = [cell or "(empty)" for cell, name in zip(cells, fields, strict=True) if not name]
    remarks += [f"not used: {', '.join(unused)[:200]}"] if unused else []
    return fields, remarks, True


def _without_headers(path: object, cells: Sequence[str]) -> tuple[list[str], list[str], bool]:
    if len(cells) > len(_PLAIN):
        what = f"line 1 names no column, and {len(cells)} columns may be anything; say what they are, e.g. "
        raise invalid(path, what + "--columns name,aliases,- or --columns name=TITLE")
    fields = list(_PLAIN[: len(cells)])
    return fields, [f"no headers: columns taken as {', '.join(fields)}"] if len(cells) > 1 else [], False


def _by_order(path: object, columns: str) -> list[str]:
    fields = ["" if one.strip() in ("", "-") else one.strip().lower() for one in columns.split(",")]
    _check_names(path, fields)
    return fields


def _renamed(path: object, columns: str) -> dict[str, str]:
    """Field by header, as was said."""
    pairs = [one.partition("=") for one in columns.split(",") if one.strip()]
    renamed = {header.strip().lower(): name.strip().lower() for name, _, header in pairs}
    _check_names(path, list(renamed.values()), bool(columns))
    return renamed


def _check_names(path: object, fields: Sequence[str], named: bool = True) -> None:
    unknown = [name for name in fields if name and name not in FIELDS]
    if unknown or (named and len(set(filter(None, fields))) < len([name for name in fields if name])):
        raise invalid(path, f"--columns has to name some of {', '.join(FIELDS)}, each once, not {unknown or fields}")
