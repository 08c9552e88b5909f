"""`kinodex keys`: API keys, for programs."""

from __future__ import annotations

from typing import Annotated

import typer

from kinodex.cli.context import ConfigOption, JsonOption, LibraryOption, ProfileOption, command_context
from kinodex.cli.parsing import Commands

app = Commands(help="Make, list and remove API keys of a served library.")


@app.command("add", short_help="Make a key.")
def add_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.")],
    user: Annotated[str, typer.Option("--user", metavar="USER", help="Whose key it is: name or id.")],
    may: Annotated[
        list[str] | None,
        typer.Option("--may", metavar="SCOPE", help="What it may do (repeatable; default read)."),
    ] = None,
    days: Annotated[float | None, typer.Option("--days", metavar="N", min=0.001, help="Valid for N days.")] = None,
    collections: Annotated[
        list[str] | None,
        typer.Option("--collection", metavar="NAME", help="Sees only this collection (repeatable; default: as USER)."),
    ] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Make a key with which a program reaches the API of `kinodex serve`, in place of USER.

    The key is printed once and cannot be read again. It goes into the header `Authorization: Bearer kx_…`, never into
    an address. It can do no more than USER, at any time.

    \b
    Example: kinodex keys add "nightly export" --user ada --days 90
             kinodex keys add assistant --user ada --may read --may chat --collection Interviews
    """
    from kinodex.cli.render import access as render
    from kinodex.views import accounts
    from kinodex.views.library_view import LibraryView
    from stores.access.users import known_scopes
    from stores.core.principal import OWNER

    with command_context(library, profile, as_json, config) as context:
        scopes = known_scopes(may or ("read",))
        with context.library() as opened:
            made = accounts.add_key(LibraryView(opened, OWNER), name, scopes, days, collections or None, user)
        context.show(made.payload(), lambda console: render.new_key(console, made))


@app.command("list", short_help="List the keys.")
def list_keys(
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the API keys, without their secrets: whose, what they may do, until when, and when they were used last.

    \b
    Example: kinodex keys list
    """
    from kinodex.cli.render import access as render
    from kinodex.views import accounts
    from kinodex.views.library_view import LibraryView
    from stores.core.principal import OWNER

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            document = accounts.keys(LibraryView(opened, OWNER))
        context.show(document.payload(), lambda console: render.keys(console, document.keys))


@app.command("remove", short_help="Take a key back.")
def remove_key(
    key: Annotated[str, typer.Argument(metavar="ID", help="Id of a key, as shown by `kinodex keys list`.")],
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Take a key back: from its next request on it is worth nothing.

    \b
    Example: kinodex keys remove key_0c1d4b5f
    """
    from kinodex.cli.render import access as render
    from kinodex.views import accounts
    from kinodex.views.library_view import LibraryView
    from stores.core.principal import OWNER

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            document = accounts.remove_key(LibraryView(opened, OWNER), key)
        said = f"The key “{document.name}” of {document.user} is removed."
        context.show(document.payload(), lambda console: render.line(console, said))
