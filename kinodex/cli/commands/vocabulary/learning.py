"""`kinodex tags train`."""

from __future__ import annotations

from typing import Annotated

import typer

from kinodex.cli.context import ConfigOption, DeviceOption, JsonOption, LibraryOption, ProfileOption, command_context


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
