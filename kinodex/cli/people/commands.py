"""`kinodex people`: whose faces are seen, and what their owner says about them."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from kinodex.cli.context import ConfigOption, JsonOption, LibraryOption, ProfileOption, command_context
from kinodex.cli.parsing import Commands
from kinodex.exits import EXIT_SOME_FAILED

app = Commands(help="Say whose faces are seen: name people, merge, split and forget them.")

PersonArgument = Annotated[str, typer.Argument(metavar="PERSON", help="A name, or an id such as per_3f2a….")]


@app.command("list", short_help="List the people.")
def list_people(
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List everybody whose face is known: those with a name first, then by how much they are seen.

    \b
    Example: kinodex people list
    """
    from kinodex.cli.people import render
    from kinodex.perception import faces_enabled
    from kinodex.usecases.people import editing

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            found = editing.people(opened.store, enabled=faces_enabled(opened.settings.perception))
        context.show(found.payload(), lambda console: render.people(console, found))


@app.command("show", short_help="Show where a person is seen.")
def show_person(
    person: PersonArgument,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show where a person is seen, with the ids of the faces, and what was decided about them.

    \b
    Example: kinodex people show Anna
    """
    from kinodex.cli.people import render
    from kinodex.usecases.people import editing

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            found = editing.one_person(opened.store, person)
        context.show(found.payload(), lambda console: render.person(console, found))


@app.command("name", short_help="Give a person a name.")
def name_person(
    person: PersonArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What they are called.")],
    also: Annotated[
        list[str] | None, typer.Option("--also", metavar="NAME", help="A further name, e.g. in Chinese (repeatable).")
    ] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Give a person a name: searches, answers and tags know them by it.

    \b
    Example: kinodex people name per_3f2a90c1d2e4b5a6 Anna --also 安娜
    """
    from kinodex.cli.people import render
    from kinodex.usecases.people import editing

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            found = editing.name(opened.store, person, name, _user(), also)
        context.show(found.payload(), lambda console: render.person(console, found))


@app.command("merge", short_help="Have several people be one.")
def merge_people(
    person: PersonArgument,
    others: Annotated[list[str], typer.Argument(metavar="OTHER", help="Who is the same person.")],
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Have others be the same person as the first one, who keeps id and name.

    \b
    Example: kinodex people merge Anna per_3f2a90c1d2e4b5a6
    """
    from kinodex.cli.people import render
    from kinodex.usecases.people import editing

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            found = editing.merge(opened.store, person, others, _user())
        context.show(found.payload(), lambda console: render.person(console, found))


@app.command("split", short_help="Have some faces of a person be somebody else.")
def split_person(
    person: PersonArgument,
    faces: Annotated[
        list[str] | None, typer.Argument(metavar="FACE", help="Ids of faces, as `kinodex people show` lists them.")
    ] = None,
    videos: Annotated[
        list[str] | None, typer.Option("--video", metavar="VIDEO", help="All faces of this video (repeatable).")
    ] = None,
    joined: Annotated[
        list[str] | None,
        typer.Option("--joined", metavar="PERSON", help="All faces of one who was joined with them (repeatable)."),
    ] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Have some of a person's faces be somebody else, who is new and has no name yet.

    Two who were taken for one by their likeness are two again with --joined; `kinodex people show` tells which
    two were joined, when, and how alike they were.

    \b
    Example: kinodex people split Anna --video holiday.mp4
             kinodex people split Anna --joined per_3f2a90c1d2e4b5a6
    """
    from kinodex.cli.people import render
    from kinodex.usecases.people import editing

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            ids = [opened.resolve(video) for video in videos or ()]
            found = editing.split(opened.store, person, faces or [], ids, _user(), joined or [])
        context.show(found.payload(), lambda console: render.person(console, found))


@app.command("forget", short_help="Remove a person and every vector of theirs.")
def forget_people(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="A name or an id.")] = "",
    everybody: Annotated[bool, typer.Option("--all", help="Forget everybody.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Remove a person with every vector by which they could be recognised. Their faces stay as faces of nobody, and are
    not compared again where they were seen, even if their videos are done again.

    \b
    Example: kinodex people forget Anna --yes
    """
    from kinodex.cli.people import render
    from kinodex.usecases.people import editing
    from stores.core.errors import UsageError

    if bool(person) == everybody:
        raise typer.BadParameter("name a person, or give --all.")
    with command_context(library, profile, as_json, config) as context:
        if not yes and (as_json or not typer.confirm(f"Forget {person or 'everybody'} for good?", err=True)):
            raise UsageError("USAGE", "Nobody was forgotten.", "Confirm with --yes.")
        with context.library() as opened:
            by = _user()
            gone = editing.forget_all(opened.store, by) if everybody else editing.forget(opened.store, person, by)
        context.show(gone.payload(), lambda console: render.forgotten(console, gone))


@app.command("import", short_help="Know people by photos.")
def import_people(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Photos, each named after the person in it.")],
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Know people by photos: `Anna 1.jpg` and `Anna 2.jpg`, or all photos in a folder `Anna`, are of Anna.

    \b
    Exit:    0 all imported, 3 some photos, or all, were left out; each is named with the reason
    Example: kinodex people import portraits/
    """
    from kinodex.cli.people import render
    from kinodex.usecases.people import editing

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            done = editing.import_photos(opened.store, lambda: opened.encoders, folder, _user())
        context.show(done.payload(), lambda console: render.imported(console, done))
        if done.problems:
            raise typer.Exit(EXIT_SOME_FAILED)


@app.command("cluster", short_help="Assign all faces again.")
def cluster_people(
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Assign all faces again, but those that somebody decided about: people with a name stay who they are.

    \b
    Example: kinodex people cluster
    """
    from kinodex.cli.people import render
    from kinodex.usecases.people import editing

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            found = editing.cluster(opened.store, _user())
        context.show(found.payload(), lambda console: render.people(console, found))


@app.command("off", short_help="Look at nobody's face in a collection.")
def switch_off(
    collection: Annotated[str, typer.Argument(metavar="COLLECTION", help="Name or id of a collection.")],
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Look at nobody's face in the videos of a collection, and remove what was found there.

    \b
    Example: kinodex people off School
    """
    _switch(collection, False, (library, profile, as_json, config))


@app.command("on", short_help="Look at faces in a collection again.")
def switch_on(
    collection: Annotated[str, typer.Argument(metavar="COLLECTION", help="Name or id of a collection.")],
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Look at faces in the videos of a collection again, from the next ingest on.

    \b
    Example: kinodex people on School
    """
    _switch(collection, True, (library, profile, as_json, config))


def _switch(collection: str, on: bool, options: tuple[Path | None, str | None, bool, Path | None]) -> None:
    from kinodex.cli.people import render
    from kinodex.usecases.people import editing

    with command_context(*options) as context:
        with context.library() as opened:
            done = editing.switch(opened.store, collection, on, _user())
        context.show(done.payload(), lambda console: render.switched(console, done))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""
