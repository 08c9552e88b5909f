"""Reading and writing vocabularies in every form there is; which one is told by the file's name and its beginning."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from stores.core.errors import UsageError
from stores.core.records import Tag
from stores.tags.files.decoding import UndecodableError, decoded
from stores.tags.files.json_files import read_json, write_json
from stores.tags.files.skos import read_skos, write_skos
from stores.tags.files.tables import read_table, write_table
from stores.tags.files.vocabulary_file import ReadOptions, VocabularyFile, invalid

MOST_BYTES = 256 << 20
"""Size of a file that is read. Source: our choice: a million tags with aliases take less."""

FORMS = ("csv", "tsv", "json", "jsonl", "ttl", "rdf")
"""What a vocabulary can be written as: tables, JSON, JSON Lines, and SKOS in Turtle or RDF/XML."""

_SUFFIXES = {".ndjson": "jsonl", ".xml": "rdf", ".skos": "rdf", ".turtle": "ttl", ".nt": "ttl", ".tab": "tsv"}


def read_file(path: Path, options: ReadOptions | None = None) -> VocabularyFile:
    """The tags of a file.

    Raises:
        TagFileError: TAG_FILE_INVALID naming the lines that are wrong, or that it cannot be read.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)  # what is no file, such as a pipe, may have no end
    except OSError as error:
        raise invalid(path, f"it cannot be read, {error.strerror}") from error
    if len(raw) > MOST_BYTES:
        raise invalid(path, f"it has more than {MOST_BYTES:,} bytes")
    return read_bytes(raw, path, options)


def read_bytes(raw: bytes, path: Path, options: ReadOptions | None = None) -> VocabularyFile:
    """As `read_file`, of what was sent; ``path``: the name that it has for people, whose suffix tells the form."""
    options = options or ReadOptions()
    form = form_of(path) or ""
    try:
        text, encoding = decoded(raw, options.encoding)
    except UndecodableError as error:
        raise invalid(path, str(error)) from error
    remarks = [f"read as {encoding}"]
    head = text[:4096].lstrip()
    if form == "rdf" or head.startswith(("<?xml", "<rdf:")):
        return read_skos(path, raw, "xml", "", ["read as SKOS in RDF/XML"])
    if form == "ttl" or head.lower().startswith(("@prefix", "prefix ", "@base")):
        return read_skos(path, text.encode("utf-8", "surrogatepass"), "turtle", "", [*remarks, "SKOS in Turtle"])
    if form in ("json", "jsonl") or (form not in ("csv", "tsv") and head.startswith(("{", "["))):
        return read_json(path, text, options, [*remarks, "JSON"])
    return read_table(path, text, options, remarks)


def form_of(path: Path) -> str | None:
    """One of `FORMS` by the suffix of a name; None if it is of none."""
    suffix = path.suffix.lower()
    form = _SUFFIXES.get(suffix, suffix.removeprefix("."))
    return form if form in FORMS else None


def write_file(path: Path, tags: Iterable[Tag], form: str = "") -> None:
    """Writes tags in one of `FORMS`; "": that of the file's name, CSV if it names none.

    Raises:
        UsageError: USAGE if there is no such form.
        OSError: if the file cannot be written.
    """
    form = form or form_of(path) or "csv"
    if form not in FORMS:
        raise UsageError("USAGE", f"A vocabulary cannot be written as {form!r}.", f"Choose one of {', '.join(FORMS)}.")
    if form in ("csv", "tsv"):
        write_table(path, tags, "\t" if form == "tsv" else ",")
    elif form in ("json", "jsonl"):
        write_json(path, tags, form == "jsonl")
    else:
        write_skos(path, tags, "xml" if form == "rdf" else "turtle")
