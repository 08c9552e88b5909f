"""`kinodex tags decide`: new and changed tags are decided where they may fit."""

from __future__ import annotations

from typing import Annotated

import typer

from kinodex.cli.commands.vocabulary.common import owners_view, tag_ids
from kinodex.cli.context import (
    ConfigOption,
    DeviceOption,
    JsonOption,
    LibraryOption,
    ProfileOption,
    command_context,
)

MOST = 500
"""Undecided tags at a time: beyond them `kinodex tag --all` is faster. Source: our choice."""


def decide_tags(
    tags: Annotated[list[str] | None, typer.Argument(metavar="TAG", help="Ids, names or aliases of tags.")] = None,
    undecided: Annotated[
        bool, typer.Option("--undecided", help=f"All tags without any decision, the latest {MOST}.")
    ] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Decide about new or changed tags, only for the videos that they may fit; all other decisions stay.

    Much faster than `kinodex tag --all`: a tag finds its videos by what was said, seen and heard, without reading the
    others.

    \b
    Example: kinodex tags add skateboard --alias 滑板 && kinodex tags decide skateboard
             kinodex tags decide --undecided
    """
    from kinodex.cli.render import tagging as render
    from kinodex.cli.tagging.progress import tagging_progress
    from kinodex.usecases.tagging.retagging import retag
    from kinodex.usecases.tagging.retagging import undecided as without_decision
    from stores.core.errors import UsageError

    with command_context(library, profile, as_json, config, device=device) as context:
        if bool(tags) == undecided:
            raise UsageError("USAGE", "No tags were given.", "Name the tags, or use --undecided (not both).")
        with context.library() as opened, tagging_progress() as on_progress:
            chosen = tag_ids(owners_view(opened), tags) if tags else without_decision(opened.store, MOST)
            tagger = opened.tagger(lambda done, of: on_progress(done, of, "encoding new tags"))
            done = retag(opened.store, tagger, chosen, lambda seen, of: on_progress(seen, of, "videos"))
        payload = done.payload()
        context.show(payload, lambda console: render.retagged(console, payload))
