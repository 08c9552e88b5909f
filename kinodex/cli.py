"""`kinodex`: the command line. Each command lives in `kinodex.commands`; here they only meet."""

from __future__ import annotations

import sys

import typer

from kinodex import __version__
from kinodex.commands import ask, doctor, evaluate, ingest, models, search, tags, videos

app = typer.Typer(
    name="kinodex",
    help="""Understand a library of videos: watch once, then tag, find and ask, with times that play.

    \b
    Begin:   kinodex ingest ~/Videos
    Find:    kinodex search "a man playing drums"
    Tag:     kinodex tags import tags.csv && kinodex tag --all
    Ask:     kinodex ask "What is the baby holding?"
    """,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"kinodex {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    pass


app.command("ingest", short_help="Watch and hear videos.")(ingest.ingest)
app.command("search", short_help="Find moments.")(search.search)
app.command("ask", short_help="Answer a question, with citations.")(ask.ask)
app.add_typer(tags.app, name="tags")
app.command("tag", short_help="Decide which tags fit.")(tags.tag)
app.command("videos", short_help="List the videos.")(videos.videos)
app.command("show", short_help="All that is known of one video.")(videos.show)
app.command("status", short_help="How much is indexed.")(videos.status)
app.command("errors", short_help="What failed, and why.")(videos.errors)
app.command("models", short_help="The models and their limits.")(models.models)
app.command("doctor", short_help="Check that everything is in place.")(doctor.doctor)
app.command("evaluate", short_help="Measure quality on annotated clips.")(evaluate.evaluate)


def main() -> None:
    """The entry point of the `kinodex` script."""
    for stream in (sys.stdout, sys.stderr):
        # A name or a transcript must never break printing, whatever the terminal speaks.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    app()
