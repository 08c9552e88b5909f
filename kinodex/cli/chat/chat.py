"""`kinodex chat`: questions that may refer to what was said before, answered at a terminal or for a script."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from kinodex.cli.context import (
    ConfigOption,
    DeviceOption,
    JsonOption,
    LibraryOption,
    ProfileOption,
    command_context,
    say_error,
)
from kinodex.exits import EXIT_SOME_FAILED, OUTCOMES
from kinodex.text import clean, printable

if TYPE_CHECKING:
    from rich.console import Console

    from kinodex.cli.chat.talk import Talk
    from kinodex.cli.context import CommandContext
    from kinodex.schemas.conversations.chat import TurnDocument
    from stores.core.errors import UsageError


def chat(
    questions: Annotated[
        list[str] | None, typer.Argument(metavar="QUESTION", help="Questions to answer; none to be asked for them.")
    ] = None,
    thread: Annotated[
        str | None, typer.Option("--thread", metavar="ID", help="Go on with this conversation; `last` for the newest.")
    ] = None,
    video: Annotated[
        list[str] | None,
        typer.Option("--video", metavar="VIDEO", help="Talk about this video only (id, path or name; repeatable)."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every step, also without a terminal.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Talk about the videos: each question may refer to what was said before ("and in the second one?", "more").

    Without QUESTION, at a terminal, you are asked for questions until Ctrl-D; Ctrl-C cancels an answer, /help lists
    commands. Otherwise each QUESTION, or each line of stdin, is answered in turn. Conversations are kept in the
    library (see `kinodex threads`); what you type is remembered on this machine for the arrow keys.

    With --json every answer is one line of JSON, printed as soon as it is there; a question that is too long is
    one with its beginning (`question`) and the `error`.

    \b
    Example: kinodex chat
             kinodex chat "Which videos show a dog?" "What is it doing in the first one?"
             kinodex chat --thread last
             kinodex chat --json --video talk.mp4 < questions.txt
    Exit:    0 every question is answered (also by "the videos hold no answer"), 1 none is, 3 some are not
    """
    from kinodex.cli.chat.talk import Talk

    with (
        command_context(library, profile, as_json, config, device=device) as context,
        _errors_in_one_line(context),
        context.library() as opened,
    ):
        tell = _teller() if verbose or (sys.stderr.isatty() and not as_json) else lambda _: None
        talk = Talk(opened, thread, video, tell, verbose)
        if not questions and not as_json and _is_terminal(sys.stdin) and _is_terminal(context.out):
            _converse(context, talk)
            return
        failed = _answer(context, talk, questions if questions else _lines())
    if failed:
        raise typer.Exit(failed)


@contextmanager
def _errors_in_one_line(context: CommandContext) -> Iterator[None]:
    """With --json, an error is a line among lines."""
    from stores.core.errors import KinodexError

    try:
        yield
    except KinodexError as error:
        if not context.as_json:
            raise
        code = error.code.name
        say_error(code, error.message, error.hint, as_json=False)
        fault = {"error": {"code": code, "message": clean(error.message), "hint": clean(error.hint)}}
        context.show_line(fault, lambda _: None)
        raise typer.Exit(OUTCOMES[code].exit_status) from None


def _converse(context: CommandContext, talk: Talk) -> None:
    from kinodex.cli.chat.line_editor import LineEditor, remembered_lines
    from kinodex.cli.chat.session import ChatSession
    from kinodex.cli.context import console

    def command(thread_id: str) -> str:
        return context.settings.command("chat", "--thread", thread_id)

    with remembered_lines():
        ChatSession(talk, console(context.out), LineEditor(context.out), command).run()


def _answer(context: CommandContext, talk: Talk, questions: Iterable[str]) -> int:
    """Answer one question after the other; the exit status.

    Raises:
        KinodexError: as `kinodex.usecases.conversations.chat.Conversation.ask`, but for a question that is too long.
    """
    from stores.core.errors import UsageError

    alone = isinstance(questions, Sequence) and len(questions) == 1
    codes = [_print(context, turn, titled=not alone) for turn in talk.resume()]
    for question in map(printable, questions):
        try:
            turn = talk.ask(question, context.settings.chat.seconds)
        except UsageError as error:
            if error.code.name != "USAGE":
                raise
            codes.append(_refused(context, question, error))  # too long: others may not be
        else:
            codes.append(_print(context, turn, titled=not alone))
    thread = talk.thread
    if thread is not None and not context.as_json:
        print(f"to go on: {clean(context.settings.command('chat', '--thread', thread.thread_id))}", file=sys.stderr)
    failed = [code for code in codes if code]
    if not failed:
        return 0
    return OUTCOMES[failed[-1]].exit_status if len(failed) == len(codes) else EXIT_SOME_FAILED


def _print(context: CommandContext, turn: TurnDocument, titled: bool) -> str:
    """Show a turn; the code of what went wrong, "" if nothing did."""
    from kinodex.cli.render import conversation as render
    from kinodex.cli.render.cells import data

    def shown(console: Console) -> None:
        if titled:
            console.print(data(f"> {turn.question}", "cyan"), soft_wrap=True)
        render.turn(console, turn)
        if titled:
            console.print()

    context.show_line(turn.payload(), shown)
    return "" if turn.status == "done" else turn.error_code or "WORKER_LOST"


LONGEST_TOLD = 200
"""Characters of a question that cannot be asked, where it is told which one that is."""


def _refused(context: CommandContext, question: str, error: UsageError) -> str:
    """Show why a question cannot be asked; the code."""
    code = error.code.name
    beginning = question if len(question) <= LONGEST_TOLD else f"{question[:LONGEST_TOLD]}…"
    say_error(code, error.message, error.hint, as_json=False)
    fault = {"code": code, "message": clean(error.message), "hint": clean(error.hint)}
    context.show_line({"question": clean(beginning), "error": fault}, lambda _: None)
    return code


def _lines() -> Iterator[str]:
    """The lines of standard input as they come; empty ones are none."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")
    for line in iter(sys.stdin.readline, "") if sys.stdin is not None else ():
        if line.strip():
            yield line.strip()


def _teller() -> Callable[[str], None]:
    """Prints steps, dimly, beside what stdout carries."""
    from kinodex.cli.context import console
    from kinodex.cli.render.cells import data

    shown = console(sys.stderr)
    return lambda line: shown.print(data(f"  {line}", "dim"), soft_wrap=not shown.is_terminal)


def _is_terminal(stream: object) -> bool:
    return isinstance(stream, io.TextIOWrapper) and not stream.closed and stream.isatty()
