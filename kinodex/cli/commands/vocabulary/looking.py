"""`kinodex tags list`, `show` and `history`."""

from __future__ import annotations

from typing import Annotated

import typer

from kinodex.cli.commands.vocabulary.common import TagArgument, owners_view, tag_id
from kinodex.cli.context import ConfigOption, JsonOption, LibraryOption, ProfileOption, command_context


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


def show_tag(
    tag: TagArgument,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show one tag: its names, all that is broader, and how many videos have it.

    \b
    Example: kinodex tags show dog
    """
    from kinodex.cli.render import vocabulary as render
    from kinodex.views.tags.tagging import tag as card

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            view = owners_view(opened)
            payload = card(view, tag_id(view, tag)).payload()
        context.show(payload, lambda console: render.tag(console, payload))


def show_history(
    tag: Annotated[str, typer.Argument(metavar="TAG", help="Id, name or alias; of a tag that is gone its id.")],
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Changes and decisions to show.")] = 100,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what happened to a tag and to the decisions with it: who, when, before and after. The newest comes first.

    \b
    Example: kinodex tags history dog
    """
    from kinodex.cli.render import vocabulary as render
    from kinodex.views.tags.vocabulary import history

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            view = owners_view(opened)
            found = opened.store.tags.find(tag)
            payload = history(view, found.tag_id if found else tag, limit).payload()
        context.show(payload, lambda console: render.history(console, payload))
