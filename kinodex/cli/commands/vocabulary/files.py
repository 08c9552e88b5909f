"""`kinodex tags import` and `export`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from kinodex.cli.commands.vocabulary.common import LaterOption
from kinodex.cli.context import ConfigOption, JsonOption, LibraryOption, ProfileOption, command_context, print_json
from kinodex.text import visible


def import_tags(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, any table, a list of names, JSON or SKOS.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only say what would change.")] = False,
    columns: Annotated[
        str, typer.Option("--columns", metavar="LIST", help="What the columns are: name=TITLE,… or name,-,aliases.")
    ] = "",
    encoding: Annotated[str, typer.Option("--encoding", metavar="NAME", help="Instead of finding it out.")] = "",
    separator: Annotated[str, typer.Option("--separator", metavar="TEXT", help="Instead of finding it out.")] = "",
    later: LaterOption = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Add the tags of a file, all or none: a table with any separator and encoding, a list of names (one a line), JSON,
    JSON Lines, or SKOS as RDF/XML or Turtle. How it was read is told.

    A tag that is known, by its id or (in a file without ids) by its name, gets the file's values; what the file has no
    column for stays. Columns are id, name, facet, aliases, parent, language and status, or what usually means the same;
    aliases are separated by ; ； or 、 and may be in any language.

    \b
    Example: kinodex tags import tags.csv
             kinodex tags import words.txt --dry-run
             kinodex tags import table.tsv --columns name=Title,aliases=Synonyms
    """
    from kinodex.cli.render import vocabulary as render
    from kinodex.cli.tagging.at_once import decided_at_once
    from kinodex.schemas.tagging.explained import ImportedAndDecided
    from kinodex.schemas.tags import imported
    from kinodex.usecases.vocabulary.editing import import_file
    from stores.tags.files.vocabulary_file import ReadOptions
    from stores.tags.vocabulary.changes import OWNER_AUTHOR

    with command_context(library, profile, as_json, config) as context:
        with context.library(create=not dry_run) as opened:
            options = ReadOptions(encoding, separator, columns)
            report = import_file(opened.store, file, OWNER_AUTHOR, options, dry_run)
            decided = None
            if not dry_run and not later and len(report.changes) == report.added + report.updated:
                decided = decided_at_once(opened, [tag_id for _, tag_id, *_ in report.changes])
            payload = ImportedAndDecided(**dict(imported(report)), decided=decided).payload()
        context.show(payload, lambda console: render.imported(console, payload))


def export_tags(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to write (default: stdout).")] = None,
    form: Annotated[
        str, typer.Option("--format", "-f", metavar="NAME", help="csv, tsv, json, jsonl, ttl or rdf (both SKOS).")
    ] = "",
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Write the tag library in a form that `tags import` reads: by the suffix of FILE, else as CSV.

    On a terminal, control characters in names are shown escaped, e.g. \\x1b; a file gets them as they are.

    \b
    Example: kinodex tags export tags.csv
             kinodex tags export tags.ttl
    """
    from kinodex.schemas.tags import tags
    from stores.core.errors import UsageError

    with command_context(library, profile, as_json, config) as context, context.library() as opened:
        if file is not None:
            try:
                opened.store.tags.export_csv(file, form)
            except OSError as error:
                message = f"{file} cannot be written: {error.strerror or error}."
                raise UsageError("USAGE", message, "Name another file.") from error
        elif not as_json:
            with tempfile.NamedTemporaryFile() as copy:
                opened.store.tags.export_csv(Path(copy.name), form or "csv")
                text = Path(copy.name).read_text(encoding="utf-8")
                # Names are untrusted data: a terminal must not obey them, a file or a pipe gets every byte.
                context.out.write(visible(text) if context.out.isatty() else text)
        if as_json:
            print_json(tags(opened.store.tags.tags()).payload(), context.out)
