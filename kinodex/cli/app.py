"""`kinodex`: the command line. Each command lives in `kinodex.cli.commands`; this module puts them together."""

from __future__ import annotations

import gc
import os
import sys
import threading
from contextlib import suppress
from typing import Annotated

import typer

from kinodex import __version__
from kinodex.cli import serve
from kinodex.cli.chat import chat, threads
from kinodex.cli.commands import (
    ask,
    describe,
    doctor,
    evaluate,
    failures,
    ingest,
    models,
    quarantine,
    reembed,
    replay,
    search,
    tags,
    upkeep,
    videos,
    watch,
)
from kinodex.cli.commands.access import collections, keys, users
from kinodex.cli.commands.vocabulary import vocabulary
from kinodex.cli.context import say_error
from kinodex.cli.exchange import export, import_files, mcp
from kinodex.cli.jobs import jobs
from kinodex.cli.parsing import Commands
from kinodex.cli.people import commands as people
from kinodex.cli.review import review
from kinodex.cli.tagging import hints
from kinodex.exits import EXIT_FAILED, EXIT_INTERRUPTED
from kinodex.text import clean

app = Commands(
    name="kinodex",
    help="""Understand a library of videos: watch once, then search, tag and ask, with exact times.

    \b
    Begin:   kinodex ingest ~/Videos
    Find:    kinodex search "a man playing drums"
    Tag:     kinodex tags import tags.csv && kinodex tag --all
    Ask:     kinodex ask "What is the baby holding?"
    Talk:    kinodex chat
    Look:    kinodex serve --open
    Repair:  kinodex errors && kinodex retry --now
    """,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"kinodex {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    pass


def _help(command: Annotated[str | None, typer.Argument(metavar="COMMAND")] = None) -> None:
    """Show what Kinodex can do, or how COMMAND is used."""
    app([command, "--help"] if command else ["--help"], prog_name="kinodex", standalone_mode=False)


app.command("ingest", short_help="Add videos to the library.")(ingest.ingest)
app.command("watch", short_help="Ingest videos as they arrive in a folder.")(watch.watch)
app.command("search", short_help="Find moments.")(search.search)
app.command("ask", short_help="Answer a question, with citations.")(ask.ask)
app.command("chat", short_help="Talk about the videos, with citations.")(chat.chat)
app.add_typer(threads.app, name="threads")
app.command("serve", short_help="Open the library in a browser.")(serve.serve)
app.add_typer(jobs.app, name="jobs")
app.add_typer(vocabulary.app, name="tags")
app.command("tag", short_help="Tag videos from your vocabulary.")(tags.tag)
app.add_typer(hints.products, name="products")
app.add_typer(hints.searches, name="searches")
app.add_typer(review.app, name="review", short_help="Decide about tags, what teaches most first.")
app.command("describe", short_help="Describe clips and videos in words.")(describe.describe)
app.command("export", short_help="Export transcripts, tags, moments and tables.")(export.export)
app.command("import", short_help="Read back what was exported and corrected.")(import_files.import_files)
app.command("mcp", short_help="Speak MCP with an assistant that starts this command.")(mcp.mcp)
app.command("videos", short_help="List the videos.")(videos.videos)
app.command("show", short_help="Show everything known about one video.")(videos.show)
app.command("status", short_help="Show how much is indexed.")(videos.status)
app.command("errors", short_help="List what failed, and why.")(failures.errors)
app.command("retry", short_help="Retry what failed.")(failures.retry)
app.add_typer(quarantine.app, name="quarantine")
app.command("replay", short_help="Rerun one stage of one video to see why it fails.")(replay.replay)
app.command("verify", short_help="Check that nothing is lost or damaged.")(upkeep.verify)
app.add_typer(upkeep.index, name="index")
app.command("reembed", short_help="Remake vectors after a change of models.")(reembed.reembed)
app.command("gc", short_help="Remove what crashes left behind.")(upkeep.gc)
app.command("forget", short_help="Remove videos from the library.")(upkeep.forget)
app.add_typer(models.app, name="models", short_help="Show, fetch and check the models.")
app.add_typer(users.app, name="users")
app.add_typer(keys.app, name="keys")
app.add_typer(collections.app, name="collections")
app.add_typer(people.app, name="people")
app.command("doctor", short_help="Check that everything is in place.")(doctor.doctor)
app.command("help", short_help="Show how a command is used.")(_help)
app.command("evaluate", short_help="Measure quality on annotated clips.")(evaluate.evaluate)


def main() -> None:
    """The entry point of the `kinodex` script."""
    for stream in (sys.stdout, sys.stderr):
        # A name or a transcript must never break printing, whatever the terminal speaks.
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(prog_name="kinodex", standalone_mode=False)
    except typer.TyperException as error:
        _say_usage(error)
        if "unexpected extra argument" in error.format_message() and {"search", "ask"} & set(sys.argv[1:2]):
            print('Put quotes around it: kinodex search "a dog"', file=sys.stderr)
        code = error.exit_code
    except KeyboardInterrupt:
        # No command has begun yet, so there is nothing to resume.
        print("interrupted", file=sys.stderr)
        code = EXIT_INTERRUPTED
    except typer.Abort:
        print("aborted", file=sys.stderr)
        code = EXIT_FAILED
    # Otherwise Python searches everything torch has made for cycles before it exits, which takes up to a second.
    gc.freeze()
    if any(one.name.startswith(("turn trn_", "warming up")) for one in threading.enumerate()):
        # A cancelled answer still waits for a model, or a server that has ended still loads some. Nothing that they
        # find is stored, so nobody waits for them; and a model that is at work while Python ends crashes it.
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(code or 0)
    sys.exit(code)


def _say_usage(error: typer.TyperException) -> None:
    """Report a command line that could not be parsed, as text or as JSON."""
    _suggest_nothing_hidden(error)
    # A file name that begins with a dash looks like an option.
    file = next((word for word in sys.argv[2:] if word.startswith("-") and os.path.lexists(word)), None)
    dashed = f"{file} is a file: put -- before its name." if file else ""
    if "--json" in sys.argv[1:]:
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "kinodex"
        message = error.format_message().rstrip(".") + "."
        say_error("USAGE", message, dashed or f"See: {command} --help", as_json=True)
    elif hasattr(error, "show"):
        error.show()
    else:
        print(error.format_message(), file=sys.stderr)
    if dashed and "--json" not in sys.argv[1:]:
        print(clean(dashed), file=sys.stderr)


def _suggest_nothing_hidden(error: typer.TyperException) -> None:
    """Take options that are hidden, such as former names, from what an error suggests instead of an unknown one."""
    suggested, context = getattr(error, "possibilities", None), getattr(error, "ctx", None)
    if suggested and context is not None:
        hidden = {name for option in context.command.params if getattr(option, "hidden", False) for name in option.opts}
        error.possibilities = [name for name in suggested if name not in hidden]  # type: ignore[attr-defined]
