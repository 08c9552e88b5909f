"""What a file says of tags, whatever its form, and the errors of those that cannot be imported."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stores.core.errors import TagFileError
from stores.core.records import Tag

FIELDS = ("id", "name", "facet", "aliases", "parent", "language", "status")
STATUSES = ("active", "retired")

LONGEST_NAME = 200
"""Characters of a name, an alias, a facet or an id. Source: our choice: a name is a phrase, not a page."""

MOST_ALIASES = 1_000
"""Aliases of one tag. Source: our choice."""

_SHOWN = 5
_BETWEEN_ALIASES = re.compile("[;；、]")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")

_KNOWN_AS = {
    "id": "id tag_id tagid code identifier notation uri 编号 標識 标识",
    "name": "name tag label title preflabel tag_name 名称 名稱 标签 標籤 标签名 標籤名",
    "facet": "facet category group type kind 分类 分類 类别 類別 类型 維度 维度",
    "aliases": "aliases alias synonyms synonym altlabel also 别名 別名 同义词 同義詞",
    "parent": "parent parent_id broader 上级 上級 父级 父標籤 父标签",
    "language": "language lang 语言 語言",
    "status": "status state 状态 狀態",
}
_BY_HEADER = {word: name for name, words in _KNOWN_AS.items() for word in words.split()}


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a file is read.

    Attributes:
        encoding, separator: "" to find out.
        columns: which fields the columns have: ``name=标签,aliases=同义词`` by their headers, or ``name,-,aliases`` by
            their order, in a file without headers; "" to find out.
    """

    encoding: str = ""
    separator: str = ""
    columns: str = ""


@dataclass(frozen=True, slots=True)
class VocabularyFile:
    """The tags of a file.

    Attributes:
        rows: each tag with its line (or item); an id is "" where the file has none. A parent is an id or a name.
        fields: what the file says of tags; of the others it says nothing.
        remarks: how it was read, for people.
        unit: what ``rows`` are numbered by: lines or items.
        ordered: whether the order of aliases means anything.
    """

    rows: tuple[tuple[int, Tag], ...]
    fields: frozenset[str]
    remarks: tuple[str, ...] = ()
    unit: str = "line"
    ordered: bool = True


@dataclass(slots=True)
class Gathering:
    """Rows of a file that become tags; everything that is wrong is noted."""

    path: object
    unit: str = "line"
    problems: list[str] = field(default_factory=list)
    rows: list[tuple[int, Tag]] = field(default_factory=list)
    _lines: dict[str, int] = field(default_factory=dict)

    def add(self, line: int, values: Mapping[str, Any]) -> None:
        """One tag by its fields; aliases as a list or as one text."""
        given = {name: str(values.get(name) or "").strip() for name in FIELDS if name != "aliases"}
        aliases = aliases_of(values.get("aliases") or ())
        wrong = self._wrong(given, aliases)
        if wrong:
            self.wrong(line, wrong)
            return
        if given["id"]:
            self._lines[given["id"]] = line
        status = given["status"].lower()
        tag = Tag(
            tag_id=given["id"],
            name=given["name"],
            facet=given["facet"],
            aliases=aliases,
            parent=given["parent"],
            language=given["language"],
            status="retired" if status == "retired" else "active",
        )
        self.rows.append((line, tag))

    def wrong(self, line: int, what: str) -> None:
        """Notes what is wrong with a row."""
        self.problems.append(f"{self.unit} {line}: {what}")

    def finished(self, fields: Iterable[str], remarks: Sequence[str], ordered: bool = True) -> VocabularyFile:
        """All of it.

        Raises:
            TagFileError: TAG_FILE_INVALID with what is wrong.
        """
        if self.problems:
            raise invalid(self.path, several(self.problems))
        return VocabularyFile(tuple(self.rows), frozenset(fields), tuple(remarks), self.unit, ordered)

    def _wrong(self, given: Mapping[str, str], aliases: Sequence[str]) -> str:
        tag_id, named = given["id"], given["id"] or given["name"]
        if not given["name"]:
            return f"the name of {tag_id} is empty" if tag_id else "the name is empty"
        if tag_id and tag_id in self._lines:
            return f"the id {tag_id} is on {self.unit} {self._lines[tag_id]} already"
        if given["status"] and given["status"].lower() not in STATUSES:
            return f"the status {given['status'][:40]!r} is none of {', '.join(STATUSES)}"
        if tag_id and given["parent"] == tag_id:
            return f"{tag_id} is its own parent"
        if len(aliases) > MOST_ALIASES:
            return f"{named[:40]} has {len(aliases)} aliases; {MOST_ALIASES} are the most"
        longest = max((given["name"], tag_id, given["facet"], *aliases), key=len)
        if len(longest) > LONGEST_NAME:
            return f"{longest[:40]!r}… has {len(longest)} characters; {LONGEST_NAME} are the most"
        return "it holds a NUL character" if any("\0" in one for one in (*given.values(), *aliases)) else ""


def field_of(header: str) -> str:
    """The field that a column with this header has; "" if that is none."""
    return _BY_HEADER.get(header.strip().lower().replace(" ", "_").replace("-", "_"), "")


def aliases_of(given: object) -> tuple[str, ...]:
    """The aliases that a list has, or a text: separated by ``;``, ``；`` or ``、``, or as ``["a", "b"]``; each once."""
    if isinstance(given, str):
        text = given.strip()
        if text.startswith("[") and text.endswith("]"):
            quoted = [re.sub(r"\\(.)", r"\1", one or other) for one, other in _QUOTED.findall(text)]
            some: Iterable[str] = quoted or text[1:-1].split(",")
        else:
            some = _BETWEEN_ALIASES.split(text)
    else:
        some = map(str, given) if isinstance(given, list | tuple) else (str(given),)
    return tuple(dict.fromkeys(one for one in (alias.strip() for alias in some) if one))


def joined(aliases: Sequence[str]) -> str:
    """Aliases as one text that `aliases_of` takes apart again."""
    if any(_BETWEEN_ALIASES.search(one) for one in aliases) or (aliases and aliases[0].startswith("[")):
        escaped = (one.replace("\\", "\\\\").replace('"', '\\"') for one in aliases)
        return "[" + ", ".join(f'"{one}"' for one in escaped) + "]"
    return ";".join(aliases)


def several(problems: Sequence[str]) -> str:
    """The first of some problems, and how many more there are."""
    more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return "; ".join(problems[:_SHOWN]) + more


def invalid(path: object, what: str) -> TagFileError:
    """The error for a file that cannot be imported."""
    hint = "Nothing was imported. Correct it (best: CSV with the columns id,name,facet,aliases) and import it again."
    return TagFileError("TAG_FILE_INVALID", f"The tag file {path} is not valid: {what}.", hint)
