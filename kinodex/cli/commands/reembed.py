"""`kinodex reembed`: replace the vectors of former models."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated, Any

import typer

from kinodex.cli.context import ConfigOption, DeviceOption, JsonOption, LibraryOption, ProfileOption, command_context


def reembed(
    channel: Annotated[
        list[str] | None,
        typer.Option(
            "--channel",
            metavar="picture|object|speech|screen",
            help="Only this channel (repeatable); an error if that requires redoing others.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", min=1, metavar="N", help="Videos processed at the same time (default: one per processor)."
        ),
    ] = None,
    budget: Annotated[
        str | None, typer.Option("--budget", metavar="BUDGET", help="Stop before exceeding it: 90m, 5GB, or 2h,5GB.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done and what it would cost, but do nothing.")
    ] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Remake the vectors of all indexed videos with the present models, after a change of the profile or a model.

    Each video is found by its former vectors until its new ones are complete; meanwhile searches query both models
    and never mix their vectors. Work that does not depend on the changed model is not repeated. After an interruption,
    or when the budget is used up, run the same command to go on.

    \b
    Example: kinodex reembed --profile standard --dry-run
             kinodex reembed --profile standard
             kinodex reembed --channel picture
    Exit:    as kinodex ingest
    """
    from kinodex.cli.context import console
    from kinodex.cli.progress_bars import show_progress
    from kinodex.cli.render import upkeep as render_upkeep
    from kinodex.exits import exit_code
    from kinodex.schemas import reembed as schema
    from kinodex.usecases.places import places_of

    code = 0
    with command_context(library, profile, as_json, config, device=device, workers=workers) as context:
        with context.library() as opened:
            channels = channel or []
            found, planned = opened.plan_reembed(*channels)
            gone = places_of(opened.store, found.gone)
            payload: dict[str, Any] = schema.reembed_plan(found, planned, channels, gone).payload()
            payload |= {"profile": context.settings.profile, "dry_run": dry_run, "done": None}
            if not dry_run:
                render_upkeep.reembed_plan(console(sys.stderr), payload)
                with show_progress() as progress:
                    meter = opened.meter(budget) if budget is not None else None
                    command = shlex.join(["kinodex", *sys.argv[1:]])
                    made = opened.reembed(*channels, meter=meter, command=command, progress=progress)
                payload["done"] = schema.reembedded(made, opened.report_path, opened.stopped).payload()
                code = exit_code(made.report.totals) if made.report is not None else 0
        show = render_upkeep.reembed_plan if dry_run else render_upkeep.reembedded
        context.show(payload, lambda console: show(console, payload))
    if code:
        raise typer.Exit(code)
