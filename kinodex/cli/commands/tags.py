"""`kinodex tags` and `kinodex tag`: the vocabulary, and its use."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from kinodex.cli.context import ConfigOption, DeviceOption, JsonOption, LibraryOption, ProfileOption, door, print_json

app = typer.Typer(no_args_is_help=True, help="The tag library: your own vocabulary, in and out.", rich_markup_mode=None)


@app.command("import")
def import_tags(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Columns id, name, facet, aliases.")],
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Add the tags of a CSV file; a tag whose id is known is replaced.

    Aliases are separated by semicolons and may be in any language.

    \b
    Example: kinodex tags import tags.csv
    """
    from kinodex.cli.render import results as render
    from kinodex.schemas.tags import imported

    with door(library, profile, as_json, config) as here:
        with here.library(create=True) as opened:
            payload = imported(opened.import_tags(file)).payload()
        here.show(payload, lambda console: render.imported(console, payload))


@app.command("export")
def export_tags(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to; stdout if left out.")] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Write the tag library as CSV, in the form that `tags import` reads.

    \b
    Example: kinodex tags export tags.csv
    """
    from kinodex.schemas.tags import tags

    with door(library, profile, as_json, config) as here, here.library() as opened:
        if file is not None:
            opened.store.tags.export_csv(file)
        elif not as_json:
            with tempfile.NamedTemporaryFile(suffix=".csv") as copy:
                opened.store.tags.export_csv(Path(copy.name))
                here.out.write(Path(copy.name).read_text(encoding="utf-8"))
        if as_json:
            print_json(tags(opened.store.tags.tags()).payload(), here.out)


@app.command("list")
def list_tags(
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show the tag library.

    \b
    Example: kinodex tags list
    """
    from kinodex.cli.render import results as render
    from kinodex.schemas.tags import tags

    with door(library, profile, as_json, config) as here:
        with here.library() as opened:
            payload = tags(opened.store.tags.tags()).payload()
        here.show(payload, lambda console: render.tags(console, payload))


def tag(
    videos: Annotated[list[str] | None, typer.Argument(metavar="VIDEO", help="Ids, paths or names.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every indexed video.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Decide which tags of the tag library fit each VIDEO, and keep the decisions with their evidence.

    \b
    Example: kinodex tag holiday.mp4
             kinodex tag --all
    """
    from kinodex import payloads
    from kinodex.cli.render import results as render
    from kinodex.usecases.tags import decisions
    from stores.core.errors import UsageError

    with door(library, profile, as_json, config, device=device) as here:
        if bool(videos) == everything:
            raise UsageError("USAGE", "Say which videos to tag.", "Name some, or use --all.")
        with here.library() as opened:
            payload = decisions(opened.store, opened.tag(*videos or ()), payloads.places(opened)).payload()
        here.show(payload, lambda console: render.decisions(console, payload))
