"""`kinodex threads`: conversations that are kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kinodex.cli.context import ConfigOption, JsonOption, LibraryOption, ProfileOption, command_context
from kinodex.cli.parsing import Commands
from kinodex.text import clean, printable

app = Commands(help="List, show, export and delete conversations.")

ThreadArgument = Annotated[
    str, typer.Argument(metavar="ID", help="Id of a thread, as shown by `kinodex threads list`; `last` for the newest.")
]


@app.command("list", short_help="List the conversations.")
def list_threads(
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="List at most N.")] = 50,
    after: Annotated[str | None, typer.Option("--after", metavar="ID", help="List those that follow this one.")] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the conversations (threads) of the library, the last changed first.

    \b
    Example: kinodex threads list
    """
    from kinodex.cli.render import conversation as render
    from kinodex.schemas.conversations.chat import threads
    from kinodex.usecases.conversations.threads import page_of

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            found, follows = page_of(opened.store, limit, after)
        document, words = threads(found), ("threads", "list", "--limit", str(limit), "--after")
        more = context.settings.command(*words, found[-1].thread_id) if follows else ""
        context.show(document.payload(), lambda console: render.threads(console, document.threads, more))


@app.command("show", short_help="Show one conversation.")
def show_thread(
    thread: ThreadArgument,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show all that was asked and answered in a conversation, with the moments that the answers rest on.

    \b
    Example: kinodex threads show last
    """
    from kinodex.cli.render import conversation as render
    from kinodex.usecases.conversations.threads import conversation_document, names_of

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            document = conversation_document(opened.store, thread)
            names = names_of(opened.store, document.thread.video_ids)
        context.show(document.payload(), lambda console: render.conversation(console, document, names))


@app.command("export", short_help="Write a conversation to a file.")
def export_thread(
    thread: ThreadArgument,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Where to write, .md or .json (default: stdout).")
    ] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Write a conversation as Markdown, each citation a link to its moment, or as JSON.

    Without FILE it is printed: as Markdown, or with --json as JSON. A file that is there is replaced.

    \b
    Example: kinodex threads export last talk.md
             kinodex threads export thr_0c1d4b5f > talk.md
    """
    from kinodex.usecases.conversations import threads
    from kinodex.usecases.conversations.markdown import markdown

    with command_context(library, profile, as_json, config) as context:
        if file is not None:
            threads.check_export_name(file)
        with context.library() as opened:
            document = threads.conversation_document(opened.store, thread)
            names = threads.names_of(opened.store, document.thread.video_ids)
            if file is not None:
                threads.export_thread(opened.store, document, file)
        if file is not None and not as_json:
            print(clean(f"written: {file}"), file=sys.stderr)
            return
        page = markdown(document, names).rstrip("\n")
        context.show(document.payload(), lambda console: console.print(page, soft_wrap=True))


@app.command("rename", short_help="Give a conversation another title.")
def rename_thread(
    thread: ThreadArgument,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="The new title.")],
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Give a conversation another title; by default it is called by its first question.

    \b
    Example: kinodex threads rename last "The interview"
    """
    from kinodex.cli.render import conversation as render
    from kinodex.schemas.conversations.chat import thread as document_of
    from kinodex.usecases.conversations.threads import find_thread

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            found = find_thread(opened.store, thread)
            document = document_of(opened.store.threads.rename(found.thread_id, printable(title)))
        context.show(document.payload(), lambda console: render.threads(console, [document]))


@app.command("delete", short_help="Delete conversations.")
def delete_threads(
    threads: Annotated[list[str], typer.Argument(metavar="ID", help="Ids of threads; `last` for the newest.")],
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Delete conversations with everything in them. What is known of the videos stays.

    \b
    Example: kinodex threads delete thr_0c1d4b5f
    """
    from kinodex.cli.render import conversation as render
    from kinodex.usecases.conversations.threads import delete_threads as delete

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            document = delete(opened.store, threads)
        context.show(document.payload(), lambda console: render.deleted(console, document))
