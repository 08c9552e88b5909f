"""`kinodex tag --all`: a batch of tagging, its progress and its receipts."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from kinodex.cli.tagging.progress import tagging_progress

if TYPE_CHECKING:
    from kinodex.cli.context import CommandContext
    from workflows.tagging.batch import TagReceipt


@dataclass(frozen=True, slots=True)
class BatchWishes:
    """The options of ``--all``, as they were given."""

    since: str | None = None
    output: Path | None = None
    force: bool = False
    dry_run: bool = False


def tag_everything(context: CommandContext, wishes: BatchWishes) -> None:
    """Tag all indexed videos, and say how each ended.

    Raises:
        typer.Exit: as an ingest that ended so (`kinodex.exits.exit_code`).
        UsageError: USAGE or CONFLICT, before anything is done.
        KinodexError: as `workflows.tagging.batch.tag_batch`.
    """
    from kinodex.cli.render import tagging as render
    from kinodex.exits import exit_code
    from kinodex.schemas.tagging import batch as schema
    from kinodex.usecases.places import places_of
    from kinodex.usecases.tagging.batch import BatchOptions, plan_tagging, tag_batch
    from kinodex.usecases.tagging.output import check_output, write_decisions

    since = _since(wishes.since)
    if wishes.output is not None:
        check_output(wishes.output, wishes.force)
    with context.library() as opened, tagging_progress() as on_progress:
        videos = opened.indexed()
        if wishes.dry_run:
            judge = None if opened.settings.endpoint.local else opened.llm
            plan = schema.planned(plan_tagging(opened.store, opened.encoders, judge, videos, since)).payload()
            context.show(plan, lambda console: render.plan(console, plan))
            return
        tagger = opened.tagger(lambda done, of: on_progress(done, of, "encoding new tags"))

        def on_video(_receipt: TagReceipt, done: int, of: int) -> None:
            on_progress(done, of, "videos")

        options = BatchOptions(since, on_video, shlex.join(["kinodex", *sys.argv[1:]]))
        report = tag_batch(opened.store, opened.encoders, opened.settings, tagger, videos, options)
        rows = 0
        if wishes.output is not None:
            there = [one.video_id for one in report.receipts]
            rows = write_decisions(opened.store, there, wishes.output, wishes.force)
        uris = places_of(opened.store, [one.video_id for one in report.receipts])
        written = str(wishes.output) if wishes.output is not None else None
        payload = schema.tagged(report, uris, written, rows).payload()
    context.show(payload, lambda console: render.batch(console, payload))
    if code := exit_code(report.totals):
        raise typer.Exit(code)


def _since(given: str | None) -> Literal["", "last"]:
    from stores.core.errors import UsageError

    if given is None:
        return ""
    if given.lower() != "last":
        message = f"--since {given} is not possible; it takes only: last."
        raise UsageError("USAGE", message, "What changed is known of each video since it was tagged last.")
    return "last"
