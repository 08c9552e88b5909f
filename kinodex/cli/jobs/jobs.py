"""`kinodex jobs`: work that was ordered in the web app or over HTTP, and doing it."""

from __future__ import annotations

import sys
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
from kinodex.cli.parsing import Commands

app = Commands(help="List, show, cancel and retry jobs, and do them.")

JobArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of a job, as shown by `kinodex jobs list`.")]


@app.command("list", short_help="List the jobs.")
def list_jobs(
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="List at most N.")] = 50,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the jobs that were ordered in the web app or over HTTP, the newest first.

    \b
    Example: kinodex jobs list
    """
    from kinodex.cli.jobs import render
    from kinodex.schemas.jobs.documents import jobs

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            payload = jobs(opened.store.jobs.page(limit)).payload()
        context.show(payload, lambda console: render.jobs(console, payload))


@app.command("show", short_help="Show one job.")
def show_job(
    job: JobArgument,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show a job: what was ordered, how far it is, and how it ended. Its report is that of the same command.

    \b
    Example: kinodex jobs show job_0c1d4b5f
    """
    from kinodex.cli.jobs import render
    from kinodex.schemas.jobs.documents import job_detail

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            payload = job_detail(opened.store.jobs.get(job)).payload()
        context.show(payload, lambda console: render.job(console, payload))


@app.command("cancel", short_help="Stop a job.")
def cancel_job(
    job: JobArgument,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Stop a job. What it has finished stays; `kinodex jobs retry` goes on with the rest.

    \b
    Example: kinodex jobs cancel job_0c1d4b5f
    """
    from kinodex.cli.jobs import render
    from kinodex.schemas.jobs.documents import job as document_of

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            payload = document_of(opened.store.job_ledger.cancel(job)).payload()
        context.show(payload, lambda console: render.jobs(console, {"jobs": [payload]}))


@app.command("retry", short_help="Put a job back into the queue.")
def retry_job(
    job: JobArgument,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Put a job that failed or was stopped back into the queue. What it had finished is not done again.

    \b
    Example: kinodex jobs retry job_0c1d4b5f
    """
    from kinodex.cli.jobs import render
    from kinodex.schemas.jobs.documents import job as document_of

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            payload = document_of(opened.store.job_ledger.retry(job)).payload()
        context.show(payload, lambda console: render.jobs(console, {"jobs": [payload]}))


@app.command("work", short_help="Do jobs until told to stop.")
def work(
    once: Annotated[bool, typer.Option("--once", help="End when no job is left.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Do the jobs of a library, one after the other, until Ctrl-C or SIGTERM.

    `kinodex serve` does this by itself in a process of its own. It is for machines that only work: switch the server's
    off by `worker = false` in the table [server] of its settings.

    \b
    Example: kinodex jobs work
             kinodex jobs work --once
    """
    import logging

    from kinodex.jobs.worker import Worker

    with (
        command_context(library, profile, as_json, config, device=device) as context,
        context.library_or_new() as opened,
    ):
        logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
        payload = {"ended": Worker(opened).run(once)}
        context.show(payload, lambda console: console.print(f"{payload['ended']} ended"))
