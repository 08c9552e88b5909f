"""`kinodex import`: decisions and corrections that a person made in another program."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinodex.cli.context import ConfigOption, JsonOption, LibraryOption, ProfileOption, command_context
from kinodex.exits import EXIT_SOME_FAILED
from kinodex.text import clean, several

if TYPE_CHECKING:
    from rich.console import Console

    from kinodex.schemas.api.exports import ImportedFilesDocument


def import_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="What `kinodex export` wrote, corrected.")],
    video: Annotated[
        str | None, typer.Option("--video", metavar="VIDEO", help="The video of a transcript (id, path or name).")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Read back what `kinodex export` wrote and a person corrected.

    Transcripts (srt, vtt) and tables of lines (lines.csv, .jsonl, .parquet) become corrections: from then on your
    text wins over what was recognised. Tables of tags become your decisions. Each FILE is taken as a whole or, if
    something in it is wrong, not at all.

    \b
    Example: kinodex export vtt talk.mp4 -o talk.vtt   (correct it)   kinodex import talk.vtt
    Exit:    0 all imported, 3 some files were not
    """
    from kinodex.schemas.api import exports as schema
    from kinodex.usecases.exchange.importing import ImportOptions, document, import_file, read_file, refused
    from stores.core.errors import UsageError

    with command_context(library, profile, as_json, config) as context:
        done: list[schema.ImportedFile] = []
        with context.library() as opened:
            chosen = opened.resolve(video) if video else ""
            options = ImportOptions(chosen, _user(), dry_run)
            for path in files:
                try:
                    made = import_file(opened.store, lambda: opened.encoders, path.name, read_file(path), options)
                except UsageError as error:
                    if len(files) == 1:
                        raise
                    made = refused(path.name, error)
                done.append(document(made))
        shown = schema.ImportedFilesDocument(files=done)
        context.show(shown.payload(), lambda console: _say(console, shown, dry_run))
        for file in done:
            for fault in file.faults if not as_json else ():
                where = f"{file.name}:{fault.line}" if fault.line else file.name
                print(clean(f"{where}: {fault.message}"), file=sys.stderr)
        if any(file.faulty for file in done):
            raise typer.Exit(EXIT_SOME_FAILED)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""


def _say(console: Console, document: ImportedFilesDocument, dry_run: bool) -> None:
    for file in document.files:
        if file.faulty:
            outcome = f"not imported: {several(file.faulty, 'fault')}"
        else:
            would = "would change" if dry_run else "changed"
            outcome = f"{file.changed} {file.kind} {would}, {file.unchanged} said so already"
        console.print(clean(f"{file.name}: {outcome}"), soft_wrap=True)
