"""What all commands share: common options, output, errors and exit codes."""

from __future__ import annotations

import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from kinodex.exits import EXIT_FAILED as EXIT_FAILED
from kinodex.exits import EXIT_INTERRUPTED, OUTCOMES
from kinodex.faults import explained as explained
from kinodex.text import clean, listing_json, to_json

if TYPE_CHECKING:
    from rich.console import Console

    from kinodex.library import Library
    from kinodex.settings import Settings
    from stores.core.errors import KinodexError

EXIT_TERMINATED = 128 + signal.SIGTERM

LibraryOption = Annotated[
    Path | None,
    typer.Option("--library", "-l", metavar="DIR", help="The library's directory (default ./kinodex-library)."),
]
ProfileOption = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="A named set of models (default embedded).")
]
DeviceOption = Annotated[
    str | None,
    typer.Option("--device", metavar="auto|cpu|cuda", help="Compute device (default auto)."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings file (default kinodex.toml).")
]
CodeOption = Annotated[
    list[str] | None,
    typer.Option("--code", metavar="CODE", help="Only this error code, e.g. DECODE_TIMEOUT (repeatable)."),
]


def renamed(former: str, now: str) -> Callable[[object], None]:
    """The callback of the hidden option ``former`` that is called ``now``: using it is an error that says so."""

    def refuse(given: object) -> None:
        if given is not None and given is not False:
            raise RenamedOption(f"{former} is now {now}.")

    return refuse


class RenamedOption(typer.BadParameter):
    """An option was given by its former name; the message says all."""

    def format_message(self) -> str:
        """The message alone."""
        return self.message


VideosArgument = Annotated[list[str] | None, typer.Argument(metavar="VIDEO", help="Ids, paths or names of videos.")]

_log = logging.getLogger("kinodex")


class Terminated(KeyboardInterrupt):
    """SIGTERM, which service managers and container runtimes send: treated like Ctrl-C."""


class _OutputError(Exception):
    """Results cannot be printed: standard output is closed, or the disk behind it is full."""


@dataclass(frozen=True, slots=True)
class CommandContext:
    """One run of one command: its settings and its output."""

    settings: Settings
    as_json: bool
    out: TextIO

    def library(self, create: bool = False) -> Library:
        """The library these settings name, opened.

        Raises:
            KinodexError: LIBRARY_MISSING and the other ways a library cannot be opened.
        """
        from kinodex.library import Library

        return Library(self.settings, create=create)

    def library_or_new(self) -> Library:
        """The same; made in a place that waits for one, as a new volume of a server does.

        Raises:
            KinodexError: as `library`.
        """
        return self.library(create=waits_for_library(self.settings))

    def show(self, payload: object, render: Callable[[Console], None]) -> None:
        """Print the payload as JSON, or let ``render`` print it for people."""
        self._put(lambda out: print_json(payload, out), render)

    def show_line(self, payload: object, render: Callable[[Console], None]) -> None:
        """As `show`; JSON in one line, so that several can follow each other."""
        self._put(lambda out: print(to_json(payload, ascii_only=True, one_line=True), file=out), render)

    def show_each(self, name: str, payloads: Iterable[object], render: Callable[[Console, list[Any]], None]) -> None:
        """As `show` of ``{name: [*payloads]}``; JSON is printed while the payloads come."""
        self._put(lambda out: print_json_listing(name, payloads, out), lambda console: render(console, list(payloads)))

    def _put(self, as_json: Callable[[TextIO], None], render: Callable[[Console], None]) -> None:
        if self.out is None or self.out.closed:
            raise _OutputError("Standard output is closed.")
        try:
            if self.as_json:
                as_json(self.out)
            else:
                render(console(self.out))
            self.out.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _OutputError(f"Standard output cannot be written: {error.strerror or error}.") from error


@contextmanager
def command_context(
    library: Path | None, profile: str | None, as_json: bool, config: Path | None, **options: object
) -> Iterator[CommandContext]:
    """The context of one command; every error ends as one line on stderr and an exit code.

    Args:
        options: further settings given on the command line; None means not given.
    """
    from kinodex.settings import Settings
    from stores.core.errors import KinodexError

    out = sys.stdout
    try:
        # stdout is for results only: anything that a library prints goes to stderr.
        with redirect_stdout(sys.stderr), _sigterm_interrupts():
            yield CommandContext(Settings.load(config, library=library, profile=profile, **options), as_json, out)
    except KinodexError as error:
        raise typer.Exit(_fail(error, as_json)) from None
    except Terminated:
        raise typer.Exit(_stopped("terminated", EXIT_TERMINATED)) from None
    except KeyboardInterrupt:
        raise typer.Exit(_stopped("interrupted", EXIT_INTERRUPTED)) from None
    except SystemExit as error:
        # While it starts, Ray has a handler of SIGTERM in place of ours that exits with the signal's number.
        if error.code != signal.SIGTERM:
            raise
        raise typer.Exit(_stopped("terminated", EXIT_TERMINATED)) from None
    except BrokenPipeError:
        # Nothing reads our output any more (`| head`).
        _silence(out)
        raise typer.Exit(0) from None
    except _OutputError as fault:
        _silence(out)
        say_error("FILE_UNREADABLE", str(fault), "The results could not be printed.", as_json=False)
        raise typer.Exit(EXIT_FAILED) from None
    except (typer.Exit, typer.BadParameter, typer.Abort):
        raise
    except Exception as error:
        # Last resort: a bug must neither print a traceback nor go unnoticed.
        if os.environ.get("KINODEX_DEBUG") == "1":
            raise
        _log.debug("unexpected", exc_info=error)
        raise typer.Exit(_fail(explained(error), as_json)) from None


def _silence(out: TextIO | None) -> None:
    """Discard what is still buffered, or Python complains when it exits."""
    with suppress(OSError, ValueError, AttributeError):
        if out is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers, and only it is interrupted
        return

    asked = False

    def interrupt(_number: int, _frame: object) -> None:
        nonlocal asked
        asked = True
        # Once is enough: a second one must not interrupt the release of attempts.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        # While Ray waits, it turns any interruption into a plain one.
        if asked:
            raise Terminated from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _stopped(how: str, code: int) -> int:
    print(f"{how}; the library is consistent, run the same command to go on", file=sys.stderr)
    return code


def _fail(error: KinodexError, as_json: bool) -> int:
    say_error(error.code.name, error.message, error.hint, as_json)
    return OUTCOMES[error.code.name].exit_status


def waits_for_library(settings: Settings) -> bool:
    """Whether a folder is there for a library: an empty one, or any if the tables are in a database server.

    A path that does not exist may be a slip of the pen, and a folder of films is no place for a library.
    """
    if not settings.library.is_dir():
        return False
    return bool(settings.database) or all(one.name == "lost+found" for one in settings.library.iterdir())


def say_error(code: str, message: str, hint: str, as_json: bool) -> None:
    """One line on stderr, and under ``--json`` the one document on stdout."""
    message, hint = clean(message), clean(hint)
    print(f"error {code}: {message}" + (f" {hint}" if hint else ""), file=sys.stderr)
    if as_json:
        print_json({"error": {"code": code, "message": message, "hint": hint}}, sys.stdout)


def console(stream: TextIO) -> Console:
    """A console that prints data as it is: no markup, no highlighting of numbers and paths."""
    from rich.console import Console

    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    # A pipe has no width; wide enough that tables are not folded when they are piped into grep.
    width = None if stream.isatty() else 160
    return Console(file=stream, markup=False, highlight=False, emoji=False, width=width)


def print_json(payload: object, stream: TextIO) -> None:
    """JSON on ``stream``, in whatever it can carry."""
    print(to_json(payload, ascii_only=not _speaks_unicode(stream)), file=stream)


def print_json_listing(name: str, payloads: Iterable[object], stream: TextIO) -> None:
    """As `print_json` of ``{name: [*payloads]}``, piece by piece."""
    for piece in listing_json(name, payloads, ascii_only=not _speaks_unicode(stream)):
        stream.write(piece)
    stream.write("\n")


def _speaks_unicode(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "") in {"utf8", "utf16", "utf32"}
