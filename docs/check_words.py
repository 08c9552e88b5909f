"""Finds the words of `docs/former_words.toml` in code, help and pages: ``python docs/check_words.py [ROOT]``.

Prints ``file:line: term -> standard term`` for each and exits with 1 if there is any. Needs the standard library only.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("former_words.toml")

_PAGES = (".md", ".toml", ".yaml", ".yml", ".sql", ".ini", ".mako", ".txt", ".example")
_PAGE_NAMES = ("Makefile", "Dockerfile", "Dockerfile.cuda")

# Comments, string literals and names of Python: all that a word can stand in. Numbers such as 1e5 are not names.
_PYTHON = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<prefix>\b[rRbBuUfF]{1,2})?(?P<string>\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}
        |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    |(?P<name>(?<![\w.])[^\W\d]\w*|(?<=\.)[^\W\d]\w*)""",
    re.VERBOSE | re.DOTALL,
)
_FIELD = re.compile(r"(?<!\{)\{([^{}]+)\}")  # what an f-string computes
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NAME = re.compile(r"[^\W\d]\w*")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)  # of a page


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A former word in a file; ``line`` counts from 1."""

    file: str
    line: int
    term: str
    instead: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.term} -> {self.instead}"


@dataclass(frozen=True, slots=True)
class Words:
    """What must not be said in some files, each word with its standard term."""

    names: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    strings: Mapping[str, str] = field(default_factory=dict)
    text: Mapping[str, str] = field(default_factory=dict)
    phrases: Sequence[tuple[re.Pattern[str], str]] = ()
    code: Sequence[tuple[re.Pattern[str], str]] = ()
    any_text: re.Pattern[str] | None = None

    @classmethod
    def of(cls, entries: Iterable[Mapping[str, Any]]) -> Words:
        """The words of these entries of the table."""
        entries = list(entries)
        kinds = ("names", "parts", "strings", "text")
        said = {kind: {word: one["instead"] for one in entries for word in one.get(kind, ())} for kind in kinds}
        # An underscore ends a word here: text may name identifiers.
        words = "|".join(map(re.escape, said["text"]))
        any_text = re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])", re.IGNORECASE) if words else None
        phrases, code = (
            [(re.compile(one, re.IGNORECASE if kind == "phrases" else 0), entry["instead"])
             for entry in entries for one in entry.get(kind, ())]
            for kind in ("phrases", "code")
        )  # fmt: skip
        return cls(**said, phrases=phrases, code=code, any_text=any_text)

    def in_name(self, name: str) -> Iterator[tuple[str, str]]:
        """(term, standard term) of one identifier."""
        if name in self.names:
            yield name, self.names[name]
            return
        for part in _PART.findall(name):
            if part.lower() in self.parts:
                yield name if part == name else f"{part.lower()} in {name}", self.parts[part.lower()]

    def in_text(self, text: str) -> Iterator[tuple[int, str, str]]:
        """(offset, term, standard term) of what is said in plain words."""
        if self.any_text:
            for found in self.any_text.finditer(text):
                yield found.start(), found[0], self.text[found[0].lower()]
        for pattern, instead in self.phrases:
            for found in pattern.finditer(text):
                yield found.start(), " ".join(found[0].split()), instead

    def in_code(self, text: str) -> Iterator[tuple[int, str, str]]:
        """(offset, term, standard term) by the expressions for code."""
        for pattern, instead in self.code:
            for found in pattern.finditer(text):
                yield found.start(), found[0], instead

    def in_python(self, text: str) -> Iterator[tuple[int, str, str]]:
        """(offset, term, standard term) of a module."""
        yield from self.in_code(text)
        for token in _PYTHON.finditer(text):
            start, name, string = token.start(), token["name"], token["string"]
            if name:
                yield from ((start, term, instead) for term, instead in self.in_name(name))
                continue
            spoken = token["comment"] or string
            computed = _FIELD.findall(string) if string and "f" in (token["prefix"] or "").lower() else ()
            for one in (name for piece in computed for name in _NAME.findall(_QUOTED.sub("", piece))):
                yield from ((start, term, instead) for term, instead in self.in_name(one))
            if string and (whole := string.strip("\"'")) in self.strings:
                yield start, whole, self.strings[whole]
            else:
                at = token.start("string") if string else start
                yield from ((at + offset, term, instead) for offset, term, instead in self.in_text(spoken))

    def in_page(self, text: str) -> Iterator[tuple[int, str, str]]:
        """(offset, term, standard term) of any other text; what is marked as code is read as code, too."""
        yield from self.in_text(text)
        for block in _CODE.finditer(text):
            if (whole := block[0].strip("`")) in self.strings:
                yield block.start(), whole, self.strings[whole]
                continue
            for name in _NAME.finditer(block[0]):
                if name[0].lower() not in self.text:
                    found = self.in_name(name[0])
                    yield from ((block.start() + name.start(), term, instead) for term, instead in found)


def _under(file: str, places: Iterable[str]) -> bool:
    return any(file == place or file.startswith(f"{place}/") for place in places)


def _files(root: Path, table: Mapping[str, Any]) -> Iterator[Path]:
    for place in table["checked"]:
        for path in [root / place] if (root / place).is_file() else sorted((root / place).rglob("*")):
            read = path.suffix == ".py" or path.suffix in _PAGES or path.name in _PAGE_NAMES
            if read and path.is_file() and not _under(path.relative_to(root).as_posix(), table["skipped"]):
                yield path


def findings(root: Path, table: Mapping[str, Any]) -> list[Finding]:
    """Every former word below ``root`` that the table does not allow, and what it allows without need."""
    found: set[Finding] = set()
    allowed = {(one["file"], term): False for one in table.get("allowed", ()) for term in one["terms"]}
    words: dict[tuple[int, ...], Words] = {}
    for path in _files(root, table):
        file = path.relative_to(root).as_posix()
        here = tuple(
            number for number, one in enumerate(table["former"]) if "within" not in one or _under(file, one["within"])
        )
        if here not in words:
            words[here] = Words.of(table["former"][number] for number in here)
        text = path.read_text(encoding="utf-8")
        said = words[here].in_python(text) if path.suffix == ".py" else words[here].in_page(text)
        named = ((0, term, instead) for term, instead in words[here].in_name(path.stem))
        for offset, term, instead in (*named, *said):
            word = term.partition(" in ")[0].lower()
            if (file, word) in allowed:
                allowed[file, word] = True
            else:
                found.add(Finding(file, text.count("\n", 0, offset) + 1, term, instead))
    for (file, term), needed in allowed.items():
        if not needed:
            found.add(Finding(file, 1, term, f"is not said here: remove it from {TABLE.name}"))
    return sorted(found)


def main(arguments: Sequence[str]) -> int:
    """Prints what is found below the folder that is named, or else in this repository."""
    root = Path(arguments[0]) if arguments else TABLE.parents[1]
    found = findings(root, tomllib.loads(TABLE.read_text(encoding="utf-8")))
    for one in found:
        print(one)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
