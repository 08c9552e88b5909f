"""`kinodex evaluate`: measured quality."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kinodex.cli.context import ConfigOption, DeviceOption, JsonOption, LibraryOption, ProfileOption, command_context


def evaluate(
    annotations: Annotated[Path, typer.Argument(metavar="ANNOTATIONS.json", help="What is true of each clip.")],
    clips: Annotated[Path, typer.Option("--clips", metavar="DIR", help="The folder of annotated clips.")],
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Measure search, tagging and answers on annotated clips that are in the library.

    \b
    Example: kinodex evaluate annotations.json --clips clips/
    """
    from kinodex.cli.render import evaluation as render_evaluation
    from kinodex.schemas.evaluation import evaluation

    with command_context(library, profile, as_json, config, device=device) as context:
        with context.library() as opened:
            payload = evaluation(opened.evaluate(annotations, clips)).payload()
        context.show(payload, lambda console: render_evaluation.evaluation(console, payload))
