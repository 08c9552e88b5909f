"""`kinodex tag --explain`: which source brought what, and what it was worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kinodex.cli.context import CommandContext


def explain_one(context: CommandContext, video: str) -> None:
    """Show everything that was recalled for one video, and what became of it; nothing is stored."""
    from kinodex.cli.render import tagging as render
    from kinodex.cli.tagging.progress import tagging_progress
    from kinodex.usecases.tagging.explaining import explain

    with context.library() as opened, tagging_progress() as on_progress:
        video_id = opened.store.catalog.resolve(video)
        tagger = opened.tagger(lambda done, of: on_progress(done, of, "encoding new tags"))
        payload = explain(opened.store, tagger, video_id).payload()
    context.show(payload, lambda console: render.explained(console, payload))
