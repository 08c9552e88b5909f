"""`kinodex tag`: the use of the vocabulary (`kinodex.cli.commands.vocabulary` changes it)."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from kinodex.cli.context import (
    ConfigOption,
    DeviceOption,
    JsonOption,
    LibraryOption,
    ProfileOption,
    command_context,
)
from kinodex.exits import EXIT_SOME_FAILED
from kinodex.text import clean

_LINE_SECONDS = 10.0
"""Between two lines of progress where there is no terminal, e.g. in the log of a service."""


def tag(
    videos: Annotated[list[str] | None, typer.Argument(metavar="VIDEO", help="Ids, paths or names of videos.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All indexed videos.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Decide which tags of the tag library fit each VIDEO, and store the decisions with their evidence.

    \b
    Example: kinodex tag holiday.mp4
             kinodex tag --all
    Exit:    0 all tagged, 3 the language model's answers about some were of no use
    """
    from kinodex.cli.render import results as render
    from kinodex.usecases.places import places_of
    from kinodex.usecases.tags import decisions
    from stores.core.errors import EndpointError, UsageError

    with command_context(library, profile, as_json, config, device=device) as context:
        if bool(videos) == everything:
            raise UsageError("USAGE", "No videos to tag were given.", "Name the videos, or use --all (not both).")
        with context.library() as opened, _progress() as on_progress:
            failed: dict[str, EndpointError] = {}
            decided = opened.tag(*videos or (), on_progress=on_progress, on_failed=failed.__setitem__)
            payload = decisions(opened.store, decided, places_of(opened.store, decided)).payload()
            names = places_of(opened.store, failed)
        context.show(payload, lambda console: render.decisions(console, payload))
        for video_id, error in failed.items():
            print(clean(f"{names.get(video_id, video_id)}: not tagged: {error}"), file=sys.stderr)
        if failed:
            raise typer.Exit(EXIT_SOME_FAILED)


@contextmanager
def _progress() -> Iterator[Callable[[int, int, str], None]]:
    """A bar on a terminal; elsewhere an occasional line on stderr."""
    from kinodex.cli.progress_bars import counting

    with counting("reading tags") as bar:
        last = -_LINE_SECONDS
        unfinished = ""

        def on_progress(done: int, of: int, what: str) -> None:
            nonlocal last, unfinished
            bar(done, of, what)
            now = time.monotonic()
            # What was begun on a line is also ended on one.
            ended = done == of and what == unfinished
            begun = done < of and (what != "videos" or done) and now - last >= _LINE_SECONDS
            if not sys.stderr.isatty() and (ended or begun):
                last, unfinished = now, "" if ended else what
                print(f"{what}: {done} of {of}", file=sys.stderr, flush=True)

        yield on_progress
