"""`kinodex describe`: captions of clips, scripts of videos, and audio descriptions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinodex.cli.context import (
    CommandContext,
    ConfigOption,
    DeviceOption,
    JsonOption,
    LibraryOption,
    ProfileOption,
    command_context,
)

if TYPE_CHECKING:
    from kinodex.usecases.describe import By
    from workflows.planning.budget import Budget


def describe(
    videos: Annotated[list[str] | None, typer.Argument(metavar="VIDEO", help="Ids, paths or names of videos.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All indexed videos.")] = False,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="profile|endpoint",
            help="Use a model of the profile, or the endpoint (default if one is set).",
        ),
    ] = None,
    script: Annotated[
        bool,
        typer.Option(
            "--script/--no-script", help="Also have the endpoint, if one is set, write a script of each video."
        ),
    ] = True,
    people: Annotated[
        Path | None,
        typer.Option(
            "--people",
            metavar="DIR",
            help="Also show the endpoint these portraits, at most 8, each named after the person in it "
            "('Ada Lovelace.jpg'), so that it can name them. They are sent to the endpoint with every clip.",
        ),
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Also retry what failed for good or is quarantined.")] = False,
    budget: Annotated[
        str | None,
        typer.Option("--budget", metavar="BUDGET", help="Stop before exceeding it: 90m, 1M tokens, or 2.50USD."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done and what it would cost, but do nothing.")
    ] = False,
    audio_description: Annotated[
        Path | None,
        typer.Option(
            "--audio-description",
            metavar="DIR",
            help="Describe nothing; write NAME.ad.vtt there for each VIDEO: stored captions, in the pauses of speech.",
        ),
    ] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Caption the clips of each VIDEO, so that `search` finds the captions and `ask` can cite them.

    A few frames of each clip are shown to a model of the profile, or to the model behind the endpoint (see
    `endpoint` in kinodex.toml), which also writes a script of the video. This is optional and not part of
    `ingest`. A clip is described only once, unless the model, the settings or the clip change.

    Privacy: the endpoint is sent frames, what was said and read in them, and what NAME.txt, NAME.info.json or
    NAME.nfo beside a video and its own tags say (not with describe.metadata = false in kinodex.toml); portraits only
    with --people, or describe.people there. Portraits are made small first and never stored in the library; names
    that the endpoint gives to people are, in captions, and it may take somebody for somebody else.

    \b
    Example: kinodex describe talk.mp4
             kinodex describe --all --by profile --profile standard
             kinodex describe --all --dry-run
             kinodex describe --all --people portraits
             kinodex describe --all --audio-description vtt
    Exit:    0 all done, 3 some failed, 4 the counts do not add up,
             5 stopped by the budget, 130 or 143 interrupted:
             nothing is lost, run the same command to go on
    """
    from kinodex.cli.progress_bars import show_progress
    from kinodex.cli.render import describing as render_describing
    from kinodex.exits import EXIT_SOME_FAILED, exit_code
    from kinodex.schemas.describe import described
    from kinodex.usecases.describe import meter_of
    from stores.core.errors import UsageError
    from workflows.planning.budget import Budget

    with command_context(library, profile, as_json, config, device=device) as context:
        if bool(videos) == everything:
            raise UsageError("USAGE", "No videos to describe were given.", "Name the videos, or use --all (not both).")
        if audio_description is not None:
            if by or people or retry or budget or dry_run:
                hint = "Describe the videos first, then write their audio descriptions."
                raise UsageError("USAGE", "--audio-description only writes files; it takes no other option.", hint)
            if _audio_descriptions(context, videos or [], audio_description):
                raise typer.Exit(EXIT_SOME_FAILED)
            return
        describer = _describer(by)
        limits = Budget.parse(budget) if budget is not None else Budget()
        if dry_run:
            _plan(context, videos or [], _Asked(describer, script, retry, people), limits)
            return
        with context.library() as opened, show_progress() as progress:
            meter = meter_of(opened.store, opened.settings, limits)
            report = opened.describe(
                *videos or (),
                by=describer,
                script=script,
                retry=retry,
                people=people,
                meter=meter,
                progress=progress,
            )
        payload = described(report).payload()
        context.show(payload, lambda console: render_describing.describe(console, payload))
        code = exit_code(report.totals)
    if code:
        raise typer.Exit(code)


def _describer(by: str | None) -> By | None:
    from stores.core.errors import UsageError

    known: dict[str | None, By | None] = {"profile": "profile", "endpoint": "endpoint", None: None}
    if by in known:
        return known[by]
    raise UsageError("USAGE", f"Unknown describer: {by!r}.", "Choose --by profile or --by endpoint.")


@dataclass(frozen=True, slots=True)
class _Asked:
    """The options of a plan."""

    by: By | None
    script: bool
    retry: bool
    people: Path | None


def _plan(context: CommandContext, videos: list[str], asked: _Asked, limits: Budget) -> None:
    from kinodex.cli.render import describing as render_describing
    from kinodex.schemas.describe import describe_plan
    from kinodex.usecases.config import prices_of
    from workflows.planning.budget import Estimate

    with context.library() as opened:
        planned = opened.plan_describe(
            *videos, by=asked.by, script=asked.script, retry=asked.retry, people=asked.people
        )
        prices = prices_of(opened.settings.endpoint)
    totals = describe_plan(planned, prices).totals
    over = limits.allows(Estimate(), Estimate(tokens=totals.tokens, money=totals.money))
    payload = describe_plan(planned, prices, over).payload()
    context.show(payload, lambda console: render_describing.plan(console, payload))


def _audio_descriptions(context: CommandContext, videos: list[str], folder: Path) -> bool:
    """Writes the files; whether one could not be made."""
    from kinodex.cli.render import describing as render_describing
    from kinodex.schemas.describe import audio_described

    with context.library() as opened:
        made = opened.audio_descriptions(*videos, folder=folder)
    payload = audio_described(made).payload()
    context.show(payload, lambda console: render_describing.audio_descriptions(console, payload))
    return any(one.error is not None for one in made)
