"""`kinodex collections`: which videos some users see."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from kinodex.cli.context import ConfigOption, JsonOption, LibraryOption, ProfileOption, command_context
from kinodex.cli.parsing import Commands

app = Commands(help="Make collections of videos, and say who sees them.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name or id of a collection.")]
UserArgument = Annotated[str, typer.Argument(metavar="USER", help="Name or id of a user.")]
VideosArgument = Annotated[list[str], typer.Argument(metavar="VIDEO", help="Ids, paths or names of videos.")]


@app.command("add", short_help="Make a collection.")
def add_collection(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the new collection.")],
    videos: Annotated[list[str] | None, typer.Argument(metavar="VIDEO", help="Videos to begin with.")] = None,
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help="What is in it.")] = "",
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Make a collection. Users see the videos of the collections that they are members of; a video may be in several.

    \b
    Example: kinodex collections add Interviews interview-1.mp4 interview-2.mp4
             kinodex collections grant Interviews bob
    """
    from kinodex.cli.render import access as render
    from kinodex.views import collections
    from kinodex.views.library_view import LibraryView
    from stores.core.principal import OWNER

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            view = LibraryView(opened, OWNER)
            ids = [opened.resolve(video) for video in videos or ()]
            made = collections.add_collection(view, name, description)
            if ids:
                collections.change_videos(view, made.collection_id, ids)
            document = collections.collection(view, made.collection_id)
        context.show(document.payload(), lambda console: render.collections(console, [document]))


@app.command("list", short_help="List the collections.")
def list_collections(
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the collections, with how many videos and members they have.

    \b
    Example: kinodex collections list
    """
    from kinodex.cli.render import access as render
    from kinodex.views import collections
    from kinodex.views.library_view import LibraryView
    from stores.core.principal import OWNER

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            document = collections.collections(LibraryView(opened, OWNER))
        context.show(document.payload(), lambda console: render.collections(console, document.collections))


@app.command("show", short_help="Show members and videos of a collection.")
def show_collection(
    name: NameArgument,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=200, help="List at most N videos.")] = 50,
    after: Annotated[str, typer.Option("--after", metavar="ID", help="List the videos that follow this one.")] = "",
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show who sees a collection, and its videos.

    \b
    Example: kinodex collections show Interviews
    """
    from kinodex.cli.render import access as render
    from kinodex.views import collections
    from kinodex.views.library_view import LibraryView
    from stores.core.principal import OWNER

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            view = LibraryView(opened, OWNER)
            shown = collections.collection(view, name)
            people = collections.members(view, name)
            page = collections.page_of_videos(view, name, after, limit)
        payload = {**shown.payload(), "members": people.payload()["members"], "videos": page.payload()}
        context.show(payload, lambda console: render.collection(console, shown, people.members, page))


@app.command("put", short_help="Put videos into a collection.")
def put_videos(
    name: NameArgument,
    videos: VideosArgument,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Put videos into a collection: its members see them from now on.

    \b
    Example: kinodex collections put Interviews interview-3.mp4
    """
    _change(name, videos, [], (library, profile, as_json, config))


@app.command("take", short_help="Take videos out of a collection.")
def take_videos(
    name: NameArgument,
    videos: VideosArgument,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Take videos out of a collection: its members no longer see them through it. The videos stay in the library.

    \b
    Example: kinodex collections take Interviews interview-3.mp4
    """
    _change(name, [], videos, (library, profile, as_json, config))


@app.command("grant", short_help="Let a user see a collection.")
def grant(
    name: NameArgument,
    user: UserArgument,
    role: Annotated[
        Literal["reader", "editor"],
        typer.Option("--as", metavar="reader|editor", help="An editor also corrects lines and decides about tags."),
    ] = "reader",
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let a user see a collection, or give a member another role.

    \b
    Example: kinodex collections grant Interviews bob
             kinodex collections grant Interviews bob --as editor
    """
    from kinodex.cli.render import access as render
    from kinodex.views import collections
    from kinodex.views.library_view import LibraryView
    from stores.core.principal import OWNER

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            document = collections.grant(LibraryView(opened, OWNER), name, user, role)
        context.show(document.payload(), lambda console: render.members(console, document.members))


@app.command("revoke", short_help="Stop letting a user see a collection.")
def revoke(
    name: NameArgument,
    user: UserArgument,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Stop letting a user see a collection. It counts at once: open pages get nothing more, and answers of earlier
    conversations that rest on its videos are withheld.

    \b
    Example: kinodex collections revoke Interviews bob
    """
    from kinodex.cli.render import access as render
    from kinodex.views import collections
    from kinodex.views.library_view import LibraryView
    from stores.core.principal import OWNER

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            document = collections.revoke(LibraryView(opened, OWNER), name, user)
        context.show(document.payload(), lambda console: render.members(console, document.members))


@app.command("rename", short_help="Give a collection another name.")
def rename(
    name: NameArgument,
    new_name: Annotated[str, typer.Argument(metavar="NEW", help="The new name.")],
    description: Annotated[str | None, typer.Option("--description", metavar="TEXT", help="What is in it.")] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Give a collection another name, and another description if one is named.

    \b
    Example: kinodex collections rename Interviews "Interviews of 2026"
    """
    from kinodex.cli.render import access as render
    from kinodex.views import collections
    from kinodex.views.library_view import LibraryView
    from stores.core.principal import OWNER

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            document = collections.change_collection(LibraryView(opened, OWNER), name, new_name, description)
        context.show(document.payload(), lambda console: render.collections(console, [document]))


@app.command("remove", short_help="Remove a collection.")
def remove_collection(
    name: NameArgument,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Remove a collection. Its videos stay in the library; its members no longer see them through it.

    \b
    Example: kinodex collections remove Interviews
    """
    from kinodex.cli.render import access as render
    from kinodex.views import collections
    from kinodex.views.library_view import LibraryView
    from stores.core.principal import OWNER

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            document = collections.remove_collection(LibraryView(opened, OWNER), name)
        said = f"The collection “{document.name}” is removed; its videos stay in the library."
        context.show(document.payload(), lambda console: render.line(console, said))


def _change(
    name: str,
    add: list[str],
    remove: list[str],
    options: tuple[LibraryOption, ProfileOption, JsonOption, ConfigOption],
) -> None:
    from kinodex.cli.render import access as render
    from kinodex.views import collections
    from kinodex.views.library_view import LibraryView
    from stores.core.principal import OWNER

    library, profile, as_json, config = options
    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            added, taken = ([opened.resolve(video) for video in some] for some in (add, remove))
            document = collections.change_videos(LibraryView(opened, OWNER), name, added, taken)
        named = len(add) + len(remove)
        said = (
            f"{document.changed} of {named} {'video' if named == 1 else 'videos'} {'put in' if add else 'taken out'}."
        )
        context.show(document.payload(), lambda console: render.line(console, said))
