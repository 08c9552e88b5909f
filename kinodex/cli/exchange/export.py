"""`kinodex export`: what is known about videos, as files for other programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinodex.cli.context import (
    CommandContext,
    ConfigOption,
    DeviceOption,
    JsonOption,
    LibraryOption,
    ProfileOption,
    VideosArgument,
    command_context,
)
from kinodex.exits import EXIT_SOME_FAILED
from kinodex.text import clean, printable, visible

if TYPE_CHECKING:
    from rich.console import Console

    from kinodex.exports.formats import Format
    from kinodex.schemas.api.exports import ExportedDocument
    from kinodex.usecases.exchange.exporting import ExportedFile, ExportRequest

CLIPS = "clips"


def export(
    form: Annotated[str, typer.Argument(metavar="FORMAT", help="As listed below.")],
    videos: VideosArgument = None,
    out: Annotated[
        str | None,
        typer.Option("-o", "--out", metavar="FILE|DIR|-", help="Where to write (default -: stdout)."),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="TAG", help="Only with this tag (id or name; repeatable)."),
    ] = None,
    query: Annotated[str, typer.Option("--query", metavar="QUERY", help="Moments that match this.")] = "",
    k: Annotated[int, typer.Option("-k", min=1, max=1000, metavar="N", help="How many moments at most.")] = 50,
    kind: Annotated[
        str, typer.Option("--kind", metavar="speech|screen|caption", help="Which lines a transcript has.")
    ] = "speech",
    bom: Annotated[bool, typer.Option("--bom", help="Begin CSV so that Excel knows that it is UTF-8.")] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="Encode clips again, so that they begin and end at just these frames.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Export what is known about each VIDEO (default: all that are indexed).

    \b
    Transcripts: srt, vtt, txt; with who speaks: speakers.srt, speakers.vtt, speakers.txt
    Chapters:    chapters (WebVTT), ffmetadata
    Timelines:   otio, edl, fcpxml, fcp7 (moments with --query, else accepted tags)
    Tables:      videos, lines, tracklets, tags, moments, each as .csv, .jsonl or .parquet, e.g. lines.csv
    Others:      annotations (W3C), nfo (Kodi), clips (video files of moments or of a --tag; without --exact they are
                 copied as they are and begin at the key frame before)

    \b
    Example: kinodex export srt holiday.mp4 -o holiday.srt
             kinodex export vtt -o transcripts/
             kinodex export edl --query "a man playing drums" -o drums.edl
             kinodex export tags.csv -o decisions.csv
             kinodex export clips --tag goal -o goals/
    """
    from kinodex.exports.formats import Wishes, format_of
    from kinodex.exports.material import KINDS
    from kinodex.schemas.api.exports import ExportedFilesDocument
    from kinodex.usecases.exchange.exporting import ExportRequest
    from kinodex.usecases.exchange.exporting import export as make
    from stores.core.errors import UsageError

    with command_context(library, profile, as_json, config, device=device) as context:
        if kind not in KINDS:
            raise UsageError("USAGE", f"There are no lines of the kind {kind!r}.", f"Kinds: {', '.join(KINDS)}.")
        if form == CLIPS:
            wanted = ExportRequest(CLIPS, None, kind, tag or (), printable(query), k)
            _clips(context, wanted, videos or (), out, exact=exact, force=force)
            return
        chosen = format_of(form)
        place = _place(out, context, chosen)
        with context.library() as opened:
            ids = list(dict.fromkeys(opened.resolve(video) for video in videos)) if videos else None
            request = ExportRequest(chosen.name, ids, kind, tag or (), printable(query), k, bom, places=True)
            files = make(
                opened.store, request, lambda wanted, most, only: opened.search(wanted, k=most, video_ids=only)
            )
        nothing = chosen.nothing(Wishes(kind=kind, query=query)) if not any(one.items for one in files) else ""
        if place is None:
            _print(context, files)
        else:
            written = _write(files, place, chosen, force)
            document = ExportedFilesDocument(files=written, note=nothing)
            context.show(document.payload(), lambda console: _say(console, written))
        if nothing:
            print(nothing, file=sys.stderr)


def _clips(
    context: CommandContext, request: ExportRequest, videos: Sequence[str], out: str | None, *, exact: bool, force: bool
) -> None:
    from kinodex.schemas.api.exports import ExportedDocument, ExportedFilesDocument
    from kinodex.usecases.exchange.cutting import cut_clips
    from stores.core.errors import UsageError

    if out in (None, "", "-"):
        raise UsageError("USAGE", "Clips are files.", "Name a folder for them: -o FOLDER/")
    with context.library() as opened:
        ids = list(dict.fromkeys(opened.resolve(video) for video in videos)) or None
        made = cut_clips(
            opened.store,
            replace(request, video_ids=ids),
            Path(str(out)),
            lambda query, most, only: opened.search(query, k=most, video_ids=only),
            exact=exact,
            force=force,
        )
    written = [
        ExportedDocument(
            path=str(one.path),
            format=CLIPS,
            size=one.path.stat().st_size,
            video_ids=[one.video_id],
            items=1,
            note=one.note,
        )
        for one in made
        if one.path is not None
    ]
    nothing = "" if made else "Nothing was there to export: no moment to be cut."
    document = ExportedFilesDocument(files=written, note=nothing)
    context.show(document.payload(), lambda console: _say(console, written))
    if nothing:
        print(nothing, file=sys.stderr)
    failed = [one for one in made if one.error is not None]
    for one in failed:
        print(clean(f"{one.name}: not cut: {one.error}"), file=sys.stderr)
    if failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def _place(out: str | None, context: CommandContext, form: Format) -> str | None:
    """Where to write; None for stdout."""
    from stores.core.errors import UsageError

    if out not in (None, "", "-"):
        return out
    if context.as_json:
        raise UsageError("USAGE", "With --json the export itself cannot go to stdout, too.", "Name a file with -o.")
    if not form.text and context.out.isatty():
        raise UsageError("USAGE", f"{form.name} is no text.", "Name a file with -o.")
    return None


def _print(context: CommandContext, files: list[ExportedFile]) -> None:
    from stores.core.errors import UsageError

    if len(files) > 1:
        raise UsageError("USAGE", f"These are {len(files)} files.", "Name a folder for them: -o FOLDER/")
    for file in files:
        if context.out.isatty():
            # What was said and shown is untrusted: a terminal must not obey it.
            context.out.write(visible(file.data.decode("utf-8", "replace")))
            continue
        context.out.flush()
        context.out.buffer.write(file.data)
        context.out.flush()


def _write(files: list[ExportedFile], out: str, form: Format, force: bool) -> list[ExportedDocument]:
    """Writes all files, or none if one of them is there already."""
    from kinodex.exports.places import is_folder, make_folder, refuse_existing, write_whole
    from kinodex.schemas.api.exports import ExportedDocument
    from stores.core.errors import UsageError

    place = Path(out)
    there = is_folder(place)
    folder = there or out.endswith(("/", os.sep)) or len(files) != 1
    if folder:
        if not there and place.exists():
            raise UsageError("USAGE", f"These are {len(files)} files, and {place} is one.", "Name a folder: -o FOLDER/")
        make_folder(place)
    targets = [(place / file.name if folder else place, file) for file in files]
    for path, _ in targets:
        refuse_existing(path, force)
    written = []
    for path, file in targets:
        write_whole(path, file.data, force)
        written.append(
            ExportedDocument(
                path=str(path),
                format=form.name,
                size=len(file.data),
                video_ids=list(file.video_ids),
                items=file.items,
                note=form.note,
            )
        )
    return written


def _say(console: Console, written: list[ExportedDocument]) -> None:
    for one in written:
        console.print(clean(f"{one.path}  {one.note}".rstrip()), soft_wrap=True)
