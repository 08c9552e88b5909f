"""`kinodex tags` and `kinodex tag`: the vocabulary, and its use."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from kinodex.cli.context import (
    ConfigOption,
    DeviceOption,
    JsonOption,
    LibraryOption,
    ProfileOption,
    command_context,
    print_json,
)
from kinodex.cli.parsing import Commands
from kinodex.cli.tagging.progress import tagging_progress
from kinodex.exits import EXIT_SOME_FAILED
from kinodex.text import clean, visible

app = Commands(help="Import, export and edit your tag vocabulary.")


@app.command("import", short_help="Add the tags of a CSV file.")
def import_tags(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="A file with the columns id, name, facet, aliases.")],
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Add the tags of a CSV file. A tag whose id exists is replaced.

    Aliases are separated by semicolons (; or ；) or by 、 and may be in any language.

    \b
    Example: kinodex tags import tags.csv
    """
    from kinodex.cli.render import results as render
    from kinodex.schemas.tags import imported

    with command_context(library, profile, as_json, config) as context:
        with context.library(create=True) as opened:
            payload = imported(opened.import_tags(file)).payload()
        context.show(payload, lambda console: render.imported(console, payload))


@app.command("export", short_help="Write the tags as CSV.")
def export_tags(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to write (default: stdout).")] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Write the tag library as CSV, in the form that `tags import` reads.

    On a terminal, control characters in names are shown escaped, e.g. \\x1b; a file gets them as they are.

    \b
    Example: kinodex tags export tags.csv
    """
    from kinodex.schemas.tags import tags

    with command_context(library, profile, as_json, config) as context, context.library() as opened:
        if file is not None:
            opened.store.tags.export_csv(file)
        elif not as_json:
            with tempfile.NamedTemporaryFile(suffix=".csv") as copy:
                opened.store.tags.export_csv(Path(copy.name))
                text = Path(copy.name).read_text(encoding="utf-8")
                # Names are untrusted data: a terminal must not obey them, a file or a pipe gets every byte.
                context.out.write(visible(text) if context.out.isatty() else text)
        if as_json:
            print_json(tags(opened.store.tags.tags()).payload(), context.out)


@app.command("remove", short_help="Remove tags and all decisions about them.")
def remove_tags(
    tags: Annotated[list[str], typer.Argument(metavar="ID", help="Ids of tags, as shown by `kinodex tags list`.")],
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Remove tags from the tag library, with all decisions about them.

    To keep the decisions and only stop using a tag, import it with the status `retired` instead.

    \b
    Example: kinodex tags remove t17 t18
    """
    from kinodex.cli.render import results as render
    from kinodex.schemas.tags import removed

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            payload = removed(opened.remove_tags(*tags)).payload()
        context.show(payload, lambda console: render.removed_tags(console, payload))


@app.command("train", short_help="Learn from what people decided.")
def train_tags(
    again: Annotated[bool, typer.Option("--again", help="Learn even if nothing changed since the last time.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Learn from what people decided about tags, and say what was learned and why.

    A ranker that learned replaces the one before only where it is surely better on judgements that it did not see.
    `kinodex tag` uses it from then on. With `precision = 0.9` under `[tagging]` in the settings, the threshold is set
    so that at least that share of accepted tags is right, once there are enough judgements.

    \b
    Example: kinodex tags train
    """
    from kinodex.cli.render import training as render
    from kinodex.schemas.tags import training

    with command_context(library, profile, as_json, config, device=device) as context:
        with context.library() as opened:
            payload = training(opened.train_tags(again)).payload()
        context.show(payload, lambda console: render.training(console, payload))


@app.command("list", short_help="List the tags.")
def list_tags(
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the tags of the tag library.

    \b
    Example: kinodex tags list
    """
    from kinodex.cli.render import results as render
    from kinodex.schemas.tags import tags

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            payload = tags(opened.store.tags.tags()).payload()
        context.show(payload, lambda console: render.tags(console, payload))


def tag(
    videos: Annotated[list[str] | None, typer.Argument(metavar="VIDEO", help="Ids, paths or names of videos.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All indexed videos, as one batch.")] = False,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="last",
            help="With --all: only videos that changed since they were tagged, or whose vocabulary or ranker did.",
        ),
    ] = None,
    executor: Annotated[
        str | None, typer.Option("--executor", metavar="local|ray", help="With --all: in this process or on Ray.")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option("--address", metavar="ADDRESS", help="Ray cluster to join, e.g. auto (default: start one)."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, metavar="N", help="Videos at the same time (default: one per processor)."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="With --all: also write the decisions to FILE.parquet, FILE.jsonl or FILE.csv.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite that file.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --all: show how many videos it would be, but do nothing.")
    ] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Decide which tags of the tag library fit each VIDEO, and store the decisions with their evidence.

    With --all the decisions are made first, and put in place together at the end; after an interruption the same
    command goes on. A video that fails keeps its former decisions and stops no other one.

    \b
    Example: kinodex tag holiday.mp4
             kinodex tag --all
             kinodex tag --all --since last --output tags.parquet
    Exit:    0 all tagged, 3 some failed, 130 or 143 interrupted:
             nothing is lost, run the same command to go on
    """
    from kinodex.cli.render import results as render
    from kinodex.cli.tagging.batch import BatchWishes, tag_everything
    from kinodex.usecases.places import places_of
    from kinodex.usecases.tags import decisions
    from stores.core.errors import EndpointError, UsageError

    options: dict[str, object] = {"executor": executor, "workers": workers, "ray_address": address}
    with command_context(library, profile, as_json, config, device=device, **options) as context:
        if bool(videos) == everything:
            raise UsageError("USAGE", "No videos to tag were given.", "Name the videos, or use --all (not both).")
        wishes = BatchWishes(since, output, force, dry_run)
        if everything:
            tag_everything(context, wishes)
            return
        if wishes != BatchWishes() or any(options.values()):
            raise UsageError("USAGE", "Those options are of --all only.", "Name no videos, and add --all.")
        with context.library() as opened, tagging_progress() as on_progress:
            failed: dict[str, EndpointError] = {}
            decided = opened.tag(*videos or (), on_progress=on_progress, on_failed=failed.__setitem__)
            payload = decisions(opened.store, decided, places_of(opened.store, decided)).payload()
            names = places_of(opened.store, failed)
        context.show(payload, lambda console: render.decisions(console, payload))
        for video_id, error in failed.items():
            print(clean(f"{names.get(video_id, video_id)}: not tagged: {error}"), file=sys.stderr)
        if failed:
            raise typer.Exit(EXIT_SOME_FAILED)
