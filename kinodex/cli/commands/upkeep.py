"""`kinodex verify`, `index rebuild`, `gc` and `forget`: a library kept whole and tidy."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kinodex.cli.context import EXIT_FAILED, ConfigOption, JsonOption, LibraryOption, ProfileOption, door

if TYPE_CHECKING:
    from kinodex.cli.context import Door
    from kinodex.library import Library

index = typer.Typer(no_args_is_help=True, help="What searches go through.", rich_markup_mode=None)


@index.command("rebuild")
def rebuild(
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Make the vector index and the full-text index anew from tables and blobs. No model runs, no video is read.

    Searches go on with the old index until the new one is complete.

    \b
    Example: kinodex index rebuild
    """
    from kinodex.cli.progress_bars import counting
    from kinodex.cli.render import upkeep as render_upkeep

    with door(library, profile, as_json, config) as here:
        with here.library() as opened, counting("videos") as told:
            payload = asdict(opened.rebuild_index(told))
        here.show(payload, lambda console: render_upkeep.rebuilt(console, payload))


def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and do nothing.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Remove what crashes left behind: blobs, vectors and parcels that no finished stage points at.

    Nothing that can be found, shown or cited goes. An ingest after a crash does the same by itself.

    \b
    Example: kinodex gc --dry-run
    """
    from kinodex.cli.render import upkeep as render_upkeep

    with door(library, profile, as_json, config) as here:
        with here.library() as opened:
            payload = {"dry_run": dry_run, **asdict(opened.store.sweep(dry_run=dry_run))}
        here.show(payload, lambda console: render_upkeep.swept(console, payload))


def forget(
    videos: Annotated[list[str] | None, typer.Argument(metavar="VIDEO", help="Ids, paths or names.")] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="All whose files are no longer at any of their places.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Remove each VIDEO from the library, with all that was learned from it. The file itself is not touched.

    Ingesting the file again would do all the work again. With --missing be sure that no disk is merely
    unplugged.

    \b
    Example: kinodex forget holiday.mp4
             kinodex forget --missing --yes
    """
    from kinodex.cli.render import upkeep as render_upkeep
    from stores.core.errors import UsageError

    with door(library, profile, as_json, config) as here:
        if bool(videos) == missing:
            raise UsageError("USAGE", "say what to forget.", "Name videos, or use --missing.")
        with here.library() as opened:
            ids, inputs = _meant(opened, videos)
            listed: dict[str, Any] = {
                "videos": [{"video_id": one, "uri": opened.store.catalog.display_uri(one)} for one in ids],
                "inputs": inputs,
            }
            if ids or inputs:
                _be_sure(here, listed, yes)
            removed = opened.forget(*ids, inputs=inputs)
        payload = {**listed, "removed": asdict(removed)}
        here.show(payload, lambda console: render_upkeep.forgotten(console, payload))


def _meant(library: Library, videos: list[str] | None) -> tuple[list[str], list[str]]:
    """Ids of videos, and uris of inputs that never became one."""
    from kinodex.failures import Wanted
    from stores.core.uris import path_of

    catalog = library.store.catalog
    if videos:
        wanted = Wanted.of(library, videos)
        return sorted(wanted.video_ids or ()), sorted(wanted.inputs or ())
    gone = [error.uri for error in catalog.input_errors() if not os.path.lexists(path_of(error.uri))]
    return [entry.video_id for entry in catalog.missing()], gone


def _be_sure(here: Door, listed: dict[str, Any], yes: bool) -> None:
    """Ask whoever sits there.

    Raises:
        UsageError: USAGE if nobody does.
        typer.Abort: if the answer is no.
    """
    from kinodex.cli.context import console
    from kinodex.cli.render import upkeep as render_upkeep
    from stores.core.errors import UsageError

    if yes:
        return
    if here.as_json or not sys.stdin.isatty():
        raise UsageError("USAGE", "forgetting cannot be undone.", "Add --yes if you are sure.")
    render_upkeep.to_forget(console(sys.stderr), listed)
    typer.confirm("Forget all that was learned from them?", abort=True, err=True)


def verify(
    media: Annotated[
        bool, typer.Option("--media", help="Also read every video file and compare it with what it was.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Look whether blobs and vectors are there; do not read them.")
    ] = False,
    mend: Annotated[
        bool, typer.Option("--mend", help="Let the next `kinodex ingest` do again what is damaged.")
    ] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Check every table, blob and vector against each other: nothing lost, nothing altered, nothing too much.

    Each problem comes with what to do about it. Without --mend nothing is changed.

    \b
    Example: kinodex verify --quick
             kinodex verify --media --mend
    Exit:    0 all is well, or there are leavings of crashes only; 1 something is wrong
    """
    from kinodex import payloads
    from kinodex.cli.progress_bars import counting
    from kinodex.cli.render import upkeep as render_upkeep

    with door(library, profile, as_json, config) as here:
        with here.library() as opened, counting("checking") as told:
            found = opened.verify(media, quick, mend, lambda what, done, of: told(done, of, what))
            payload = payloads.verification(found, mend)
        here.show(payload, lambda console: render_upkeep.verified(console, payload))
    if not payload["ok"]:
        raise typer.Exit(EXIT_FAILED)
