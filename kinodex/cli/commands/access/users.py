"""`kinodex users`: who may use the library over the network."""

from __future__ import annotations

from typing import Annotated

import typer

from kinodex.cli.commands.access.passwords import PasswordStdinOption, asked_password
from kinodex.cli.context import ConfigOption, JsonOption, LibraryOption, ProfileOption, command_context
from kinodex.cli.parsing import Commands

app = Commands(help="Add, list and remove the users of a served library.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name or id of a user.")]
MayOption = Annotated[
    list[str] | None,
    typer.Option(
        "--may",
        metavar="SCOPE",
        help="read, chat, review, edit, jobs or admin (repeatable; default all but the last 2).",
    ),
]


@app.command("add", short_help="Add a user.")
def add_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name to log in with.")],
    may: MayOption = None,
    everything: Annotated[bool, typer.Option("--everything", help="Sees all videos, not only collections.")] = False,
    admin: Annotated[bool, typer.Option("--admin", help="May do and see everything, and manages users.")] = False,
    password_stdin: PasswordStdinOption = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Add a user, who logs in to `kinodex serve` by NAME and password.

    With the first user access control is on: that one is an administrator, and nobody else sees anything without
    logging in. Others see the videos of the collections that they are members of (`kinodex collections grant`). The
    command line itself is not limited: one that can read the library's folder can read everything in it.

    \b
    Example: kinodex users add ada
             kinodex users add bob --may read --may chat
             kinodex users add backup --everything --password-stdin < password.txt
    """
    from kinodex.cli.render import access as render
    from kinodex.views import accounts
    from kinodex.views.library_view import LibraryView
    from stores.access.records import USUAL_SCOPES
    from stores.access.users import known_scopes
    from stores.core.principal import OWNER, SCOPES

    with command_context(library, profile, as_json, config) as context:
        scopes = SCOPES if admin else known_scopes(may) if may else USUAL_SCOPES
        password = asked_password(password_stdin)
        with context.library_or_new() as opened:
            view = LibraryView(opened, OWNER)
            first = not opened.store.access.is_on()
            document = accounts.add_user(view, name, password, scopes, everything)
        context.show(document.payload(), lambda console: render.added_user(console, document, first))


@app.command("list", short_help="List the users.")
def list_users(
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the users of the library, with what they may do.

    \b
    Example: kinodex users list
    """
    from kinodex.cli.render import access as render
    from kinodex.views import accounts
    from kinodex.views.library_view import LibraryView
    from stores.core.principal import OWNER

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            document = accounts.users(LibraryView(opened, OWNER))
        context.show(document.payload(), lambda console: render.users(console, document.users))


@app.command("change", short_help="Change what a user may do and see.")
def change_user(
    name: NameArgument,
    may: MayOption = None,
    everything: Annotated[
        bool | None, typer.Option("--everything/--only-collections", help="Sees all videos, or those of collections.")
    ] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Change what a user may do and see; it counts from the user's next request on.

    What is not named stays. The scopes given with --may replace the former ones.

    \b
    Example: kinodex users change bob --may read
             kinodex users change bob --everything
    """
    from kinodex.cli.render import access as render
    from kinodex.views import accounts
    from kinodex.views.library_view import LibraryView
    from stores.access.users import known_scopes
    from stores.core.principal import OWNER

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            scopes = known_scopes(may) if may else None
            document = accounts.change_user(LibraryView(opened, OWNER), name, scopes, everything)
        context.show(document.payload(), lambda console: render.users(console, [document]))


@app.command("passwd", short_help="Give a user another password.")
def set_password(
    name: NameArgument,
    password_stdin: PasswordStdinOption = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Give a user another password. All sessions of that user end; API keys go on working.

    \b
    Example: kinodex users passwd ada
    """
    from kinodex.cli.render import access as render
    from kinodex.views import accounts
    from kinodex.views.library_view import LibraryView
    from stores.core.principal import OWNER

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            view = LibraryView(opened, OWNER)
            opened.store.access.users.named(name)
            document = accounts.set_password(view, name, asked_password(password_stdin))
        said = f"{document.name} has another password now, and has to log in again."
        context.show(document.payload(), lambda console: render.line(console, said))


@app.command("remove", short_help="Remove a user.")
def remove_user(
    name: NameArgument,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Remove a user with sessions, keys, memberships and conversations.

    Without the last user access control is off again.

    \b
    Example: kinodex users remove bob
    """
    from kinodex.cli.render import access as render
    from kinodex.views import accounts
    from kinodex.views.library_view import LibraryView
    from stores.core.principal import OWNER

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            document = accounts.remove_user(LibraryView(opened, OWNER), name)
            off = not opened.store.access.is_on()
        said = f"{document.name} is removed." + (" Access control is off: there are no users any more." if off else "")
        context.show(document.payload(), lambda console: render.line(console, said))
