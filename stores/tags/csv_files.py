"""The tag library as a CSV file: ``id,name,facet,aliases`` and optionally ``parent,language,status``."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from stores.core.errors import TagFileError
from stores.core.records import Tag

REQUIRED = ("id", "name")
COLUMNS = ("id", "name", "facet", "aliases", "parent", "language", "status")
STATUSES = ("active", "retired")
_SHOWN = 5
_BETWEEN_ALIASES = re.compile("[;；、]")
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", "，": "full-width commas", "；": "full-width semicolons"}
_ENCODINGS = (("gb18030", "GBK"), ("cp1252", "Windows-1252"))


def read_tags(path: Path) -> list[tuple[int, Tag]]:
    """The tags of a file, each with the number of its line.

    UTF-8, with or without byte order mark. Empty lines are skipped; blanks around a value are dropped; aliases are
    separated by ``;``, full-width ``；`` or ``、``.

    Raises:
        TagFileError: TAG_FILE_INVALID naming the lines that are wrong: not UTF-8, unknown or missing column,
            empty or repeated id, empty name, unknown status, too many fields, a quote that does not close.
    """
    rows = _rows(path)
    line, header = next(rows, (1, []))
    names = [name.strip().lower() for name in header]
    _check_header(path, line, names)
    problems: list[str] = []
    found: list[tuple[int, Tag]] = []
    lines: dict[str, int] = {}
    for line, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        values = dict.fromkeys(COLUMNS, "") | dict(zip(names, (cell.strip() for cell in row), strict=False))
        wrong = _wrong(row, names, values, lines)
        if wrong:
            problems.append(f"line {line}: {wrong}")
            continue
        lines[values["id"]] = line
        found.append((line, _tag(values)))
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise invalid(path, "; ".join(problems[:_SHOWN]) + more)
    return found


def write_tags(path: Path, tags: Iterable[Tag]) -> None:
    """Writes tags as UTF-8 with all columns; `read_tags` returns the same ones.

    Raises:
        OSError: if the file cannot be written.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for tag in tags:
            aliases = ";".join(tag.aliases)
            writer.writerow((tag.tag_id, tag.name, tag.facet, aliases, tag.parent, tag.language, tag.status))


def invalid(path: Path, what: str) -> TagFileError:
    """The error for a file that cannot be imported."""
    hint = "Nothing was imported. Correct it (CSV, commas, UTF-8, header id,name,facet,aliases) and import it again."
    return TagFileError("TAG_FILE_INVALID", f"The tag file {path} is not valid: {what}.", hint)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise invalid(path, f"it cannot be read, {error.strerror}") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise invalid(path, f"line {line} is not UTF-8{_encoding(raw)}") from error
    if "\0" in text:
        raise invalid(path, f"line {text.count(chr(10), 0, text.index(chr(0))) + 1} holds a NUL character")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise invalid(path, f"line {line}: {error}") from error


def _encoding(raw: bytes) -> str:
    """A guess at the encoding of a file that is not UTF-8, as the end of a message."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "; the file is UTF-16, save it as UTF-8"
    for codec, name in _ENCODINGS:
        try:
            raw.decode(codec)
        except UnicodeDecodeError:
            continue
        return f"; the file looks like {name}, save it as UTF-8"
    return "; save the file as UTF-8"


def _check_header(path: Path, line: int, names: list[str]) -> None:
    if not any(names):
        raise invalid(path, f"line {line} should be the header id,name,facet,aliases and is empty")
    if len(names) == 1:
        for separator, name in _SEPARATORS.items():
            if {one.strip().strip('"') for one in names[0].split(separator)} >= set(REQUIRED):
                raise invalid(path, f"line {line}: the columns are separated by {name}, not by commas")
    unknown = [name or "(empty)" for name in names if name not in COLUMNS]
    missing = [name for name in REQUIRED if name not in names]
    repeated = sorted({name for name in names if names.count(name) > 1})
    for what, which in (("unknown", unknown), ("missing", missing), ("repeated", repeated)):
        if which:
            raise invalid(path, f"line {line}: {what} column {', '.join(which)}; known are {', '.join(COLUMNS)}")


def _wrong(row: list[str], names: list[str], values: dict[str, str], lines: dict[str, int]) -> str:
    if len(row) > len(names):
        return f"{len(row)} values for {len(names)} columns; a value with a comma needs quotes"
    if not values["id"]:
        return "the id is empty"
    if not values["name"]:
        return f"the name of {values['id']} is empty"
    if values["id"] in lines:
        return f"the id {values['id']} is on line {lines[values['id']]} already"
    if values["status"] and values["status"] not in STATUSES:
        return f"the status {values['status']!r} is none of {', '.join(STATUSES)}"
    if values["parent"] == values["id"]:
        return f"{values['id']} is its own parent"
    return ""


def _tag(values: dict[str, str]) -> Tag:
    aliases = (alias.strip() for alias in _BETWEEN_ALIASES.split(values["aliases"]))
    return Tag(
        tag_id=values["id"],
        name=values["name"],
        facet=values["facet"],
        aliases=tuple(dict.fromkeys(alias for alias in aliases if alias)),
        parent=values["parent"],
        language=values["language"],
        status="retired" if values["status"] == "retired" else "active",
    )
