"""`kinodex ask`: questions, answered with citations."""

from __future__ import annotations

from typing import Annotated

import typer

from kinodex.cli.context import ConfigOption, DeviceOption, JsonOption, LibraryOption, ProfileOption, command_context
from kinodex.text import printable


def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="A question in any language.")],
    video: Annotated[
        list[str] | None,
        typer.Option("--video", metavar="VIDEO", help="Use only this video (id, path or name; repeatable)."),
    ] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Answer QUESTION from what was seen and heard; every claim cites the moment it rests on.

    Without a language model (see `endpoint` in kinodex.toml) the answer is put together from the evidence
    itself. If the videos hold no answer, Kinodex says so.

    \b
    Example: kinodex ask "What is the pocket for, according to the speaker?"
    """
    from kinodex.cli.render import results as render
    from kinodex.schemas.answer import answer
    from kinodex.usecases.places import places_of

    with command_context(library, profile, as_json, config, device=device) as context:
        with context.library() as opened:
            given = opened.ask(printable(question), video)
            cited = [citation.video_id for claim in given.claims for citation in claim.citations]
            payload = answer(given, places_of(opened.store, cited)).payload()
        context.show(payload, lambda console: render.answer(console, payload))
