"""Vocabularies as JSON: a list of tags, of names, or names with their aliases; or one of them a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from stores.core.records import Tag
from stores.tags.files.vocabulary_file import FIELDS, Gathering, ReadOptions, VocabularyFile, field_of, invalid


def read_json(path: object, text: str, options: ReadOptions, remarks: Sequence[str]) -> VocabularyFile:
    """The tags of a JSON or JSON Lines text.

    Raises:
        TagFileError: TAG_FILE_INVALID naming the lines or items that are wrong.
    """
    unit, items = _items(path, text)
    found = Gathering(path, unit)
    renamed = {header.strip().lower(): name.strip() for name, _, header in _pairs(options.columns)}
    fields: set[str] = set()
    unused: dict[str, None] = {}
    read_as: dict[str, None] = {}
    for number, item in items:
        if isinstance(item, str):
            found.add(number, {"name": item})
            fields.add("name")
            continue
        if not isinstance(item, dict):
            found.wrong(number, f"it is neither a name nor a tag: {str(item)[:40]!r}")
            continue
        values: dict[str, Any] = {}
        for key, value in item.items():
            name = renamed.get(str(key).lower()) or field_of(str(key))
            if name in FIELDS and name not in values:
                values[name] = value
                if str(key).lower() not in (name, "tag_id"):
                    read_as[f"{key!r} read as {name}"] = None
            else:
                unused[str(key)] = None
        wrong = [name for name, value in values.items() if not _plain(name, value)]
        if wrong:
            found.wrong(number, f"the {wrong[0]} is no text")
            continue
        if "id" in values and not str(values["id"]).strip():
            found.wrong(number, "the id is empty")
            continue
        fields.update(values)
        found.add(number, values)
    notes = [*remarks, *read_as]
    if unused:
        notes.append(f"not used: {', '.join(unused)[:200]}")
    return found.finished(fields, notes)


def write_json(path: Path, tags: Iterable[Tag], lines: bool = False) -> None:
    """Writes tags as JSON, or one a line; `read_json` returns the same ones.

    Raises:
        OSError: if the file cannot be written.
    """
    made = ({"id": tag.tag_id, "name": tag.name, "facet": tag.facet, "aliases": list(tag.aliases),
             "parent": tag.parent, "language": tag.language, "status": tag.status} for tag in tags)  # fmt: skip
    with path.open("w", encoding="utf-8", newline="\n") as file:
        if lines:
            file.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in made)
            return
        file.write('{"tags": [')
        for number, one in enumerate(made):
            file.write((",\n" if number else "\n") + json.dumps(one, ensure_ascii=False))
        file.write("\n]}\n")


def _plain(name: str, value: object) -> bool:
    if name == "aliases":
        return (
            value is None
            or isinstance(value, str)
            or (isinstance(value, list) and all(isinstance(one, str | int | float) for one in value))
        )
    return value is None or isinstance(value, str | int | float)


def _pairs(columns: str) -> Iterator[tuple[str, str, str]]:
    yield from (one.partition("=") for one in columns.split(",") if "=" in one)


def _items(path: object, text: str) -> tuple[str, list[tuple[int, Any]]]:
    if not text.strip() and str(path).lower().endswith((".jsonl", ".ndjson")):
        return "line", []
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
        if len(lines) < 2 or not lines[0][1].lstrip().startswith(("{", '"')) or not _is_json(lines[0][1]):
            raise invalid(path, f"line {error.lineno}: it is no JSON, {error.msg}") from error
        return "line", list(_by_line(path, lines))
    except RecursionError as error:
        raise invalid(path, "it is nested too deeply") from error
    except ValueError as error:  # Python refuses integers of more than some thousand digits
        raise invalid(path, "a number has too many digits") from error
    if isinstance(whole, dict) and isinstance(whole.get("tags"), list):
        whole = whole["tags"]
    elif isinstance(whole, dict) and "name" not in {field_of(str(key)) for key in whole}:
        # Names, each with its aliases or with what else is known of it.
        whole = [
            {"name": name, **(value if isinstance(value, dict) else {"aliases": value})}
            for name, value in whole.items()
        ]
    if isinstance(whole, dict):
        whole = [whole]
    if not isinstance(whole, list):
        raise invalid(path, "it is no list of tags")
    return "item", list(enumerate(whole, 1))


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _by_line(path: object, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, Any]]:
    for number, line in lines:
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError) as error:
            raise invalid(path, f"line {number}: it is no JSON") from error
