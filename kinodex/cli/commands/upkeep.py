"""`kinodex verify`, `index rebuild`, `gc` and `forget`: keeping a library intact and tidy."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kinodex.cli.context import ConfigOption, JsonOption, LibraryOption, ProfileOption, command_context, renamed
from kinodex.cli.parsing import Commands
from kinodex.exits import EXIT_FAILED

if TYPE_CHECKING:
    from kinodex.cli.context import CommandContext

index = Commands(help="Rebuild the search indexes.")


@index.command("rebuild", short_help="Rebuild the vector and full-text indexes.")
def rebuild(
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Rebuild the vector index and the full-text index from tables and blobs. No model runs, no video is read.

    Searches use the old index until the new one is complete.

    \b
    Example: kinodex index rebuild
    """
    from kinodex.cli.progress_bars import counting
    from kinodex.cli.render import upkeep as render_upkeep
    from kinodex.schemas.upkeep import rebuilt

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened, counting("videos") as on_progress:
            payload = rebuilt(opened.rebuild_index(on_progress)).payload()
        context.show(payload, lambda console: render_upkeep.rebuilt(console, payload))


def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be removed, but do nothing.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Remove what crashes left behind: blobs, vectors and staged outputs that no finished stage refers to.

    Nothing that can be found, shown or cited is removed. The first ingest after a crash does this by itself.

    \b
    Example: kinodex gc --dry-run
    """
    from kinodex.cli.render import upkeep as render_upkeep
    from kinodex.schemas.upkeep import swept
    from kinodex.usecases.upkeep import sweep

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            payload = swept(sweep(opened.store, dry_run), dry_run).payload()
        context.show(payload, lambda console: render_upkeep.swept(console, payload))


def forget(
    videos: Annotated[list[str] | None, typer.Argument(metavar="VIDEO", help="Ids, paths or names of videos.")] = None,
    missing: Annotated[bool, typer.Option("--missing", help="All videos whose files are missing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Remove each VIDEO from the library, with all that was learned from it. The file itself is not touched.

    Ingesting the file again would repeat all the work. Before using --missing, make sure that no disk is merely
    unplugged.

    \b
    Example: kinodex forget holiday.mp4
             kinodex forget --missing --yes
    """
    from kinodex.cli.render import upkeep as render_upkeep
    from kinodex.schemas.upkeep import forgotten
    from kinodex.usecases.upkeep import forgettable
    from stores.core.errors import UsageError

    with command_context(library, profile, as_json, config) as context:
        if bool(videos) == missing:
            raise UsageError("USAGE", "Nothing to forget was given.", "Name the videos, or use --missing (not both).")
        with context.library() as opened:
            ids, inputs = forgettable(opened.store, videos)
            uris = {one: opened.store.catalog.display_uri(one) for one in ids}
            if ids or inputs:
                _confirm(context, uris, inputs, yes)
            payload = forgotten(uris, inputs, opened.forget(*ids, inputs=inputs)).payload()
        context.show(payload, lambda console: render_upkeep.forgotten(console, payload))


def _confirm(context: CommandContext, uris: Mapping[str, str], inputs: Sequence[str], yes: bool) -> None:
    """Ask for confirmation at the terminal.

    Raises:
        UsageError: USAGE if there is no terminal.
        typer.Abort: if the answer is no.
    """
    from kinodex.cli.context import console
    from kinodex.cli.render import upkeep as render_upkeep
    from stores.core.errors import UsageError

    if yes:
        return
    if context.as_json or not sys.stdin.isatty():
        raise UsageError("USAGE", "Forgetting cannot be undone.", "Add --yes if you are sure.")
    listed = [{"video_id": video_id, "uri": uri} for video_id, uri in uris.items()]
    render_upkeep.to_forget(console(sys.stderr), {"videos": listed, "inputs": inputs})
    typer.confirm("Forget everything that was learned from them?", abort=True, err=True)


def verify(
    media: Annotated[bool, typer.Option("--media", help="Also read every video file and compare its hash.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only check that blobs and vectors exist; do not read them.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Have the next `kinodex ingest` redo what is damaged.")
    ] = False,
    _mend: Annotated[
        bool, typer.Option("--mend", hidden=True, is_eager=True, callback=renamed("--mend", "--repair"))
    ] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Check tables, blobs and vectors against each other: nothing missing, nothing altered, nothing left over.

    Each problem comes with advice on what to do. Without --repair nothing is changed.

    \b
    Example: kinodex verify --quick
             kinodex verify --media --repair
    Exit:    0 all is well, apart from harmless remains of crashes; 1 it is not
    """
    from kinodex.cli.progress_bars import counting
    from kinodex.cli.render import upkeep as render_upkeep
    from kinodex.schemas.upkeep import verified

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened, counting("checking") as on_progress:
            found = opened.verify(media, quick, repair, lambda what, done, of: on_progress(done, of, what))
            payload = verified(found, repair).payload()
        context.show(payload, lambda console: render_upkeep.verified(console, payload))
    if not payload["ok"]:
        raise typer.Exit(EXIT_FAILED)
