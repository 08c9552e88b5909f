"""`kinodex tags report`: how well tagging does, by what people judged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kinodex.cli.context import ConfigOption, JsonOption, LibraryOption, ProfileOption, command_context


def report(
    chart: Annotated[
        Path | None, typer.Option("--chart", metavar="FILE.svg", help="Also write the reliability chart.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE.html", help="Also write all of it as a page.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, metavar="N", help="Tags of each list.")] = 20,
    force: Annotated[bool, typer.Option("--force", help="Overwrite those files.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Say how well tagging does, by what people judged: each facet, tag and source, and how far confidences can be
    trusted; and which tags do nothing.

    People judge what review shows them first, not a random sample: shares are of what was judged.

    \b
    Example: kinodex tags report
             kinodex tags report --html report.html
    """
    from kinodex.cli.render import tagging as render
    from kinodex.usecases.tagging.report import check_files, tag_report, write_files

    with command_context(library, profile, as_json, config) as context:
        check_files(chart, page, force)
        with context.library() as opened:
            made = tag_report(opened.store, limit)
        write_files(made, chart, page, force)
        payload = made.payload()
        context.show(payload, lambda console: render.report(console, payload))
