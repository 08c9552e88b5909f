"""How commands are parsed and presented: Typer's way, with help for people who do not program, and no silent Ctrl-C."""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from kinodex.exits import EXIT_INTERRUPTED

_TYPE = re.compile(r" <[^<>]*>$")
"""What Typer puts behind an argument's name: the type of its Python parameter."""

_RANGES = (
    (re.compile(r"x>=([\d.]+)\]$"), r"\1 or more]"),
    (re.compile(r"([\d.]+)<=x<=([\d.]+)\]$"), r"\1 to \2]"),
)
"""What Typer says of numbers, and how people say it."""


class Commands(typer.Typer):
    """A group of commands, each a `Command`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"cls": Group, "rich_markup_mode": None, "no_args_is_help": True} | options)

    def command(self, name: str | None = None, **options: Any) -> Callable[[Any], Any]:
        """As `typer.Typer.command`."""
        return super().command(name, **{"cls": Command} | options)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """As `typer.Typer.__call__`, but of the commands only the called one is built, not all hundred."""
        words = arguments[0] if arguments else options.get("args")
        return typer.Typer.__call__(_narrowed(self, sys.argv[1:] if words is None else words), *arguments, **options)


def _narrowed(app: typer.Typer, words: Sequence[str]) -> typer.Typer:
    """The group with nothing but the command that the words begin with; the whole group if they begin with none."""
    first = words[0] if words else ""
    commands = [one for one in app.registered_commands if one.name == first]
    groups = [copy.copy(one) for one in app.registered_groups if one.name == first]
    if not commands and not groups:
        return app
    for group in groups:
        if group.typer_instance is not None:
            group.typer_instance = _narrowed(group.typer_instance, words[1:])
    made = copy.copy(app)
    made.registered_commands, made.registered_groups = commands, groups
    return made


class Command(TyperCommand):
    """A command whose help names its arguments as people write them.

    ``PATH...`` is one or more of them, ``[PATH]...`` any number.
    """

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What follows the name of the command in the line of its usage."""
        given = [one for one in self.get_params(ctx) if isinstance(one, TyperArgument)]
        return ["[OPTIONS]", *map(_usage, given)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the lists of arguments and options."""
        for title, kind in (("Arguments", "argument"), ("Options", "option")):
            chosen = [one for one in self.get_params(ctx) if one.param_type_name == kind]
            lines = [_plain(*line) for one in chosen if (line := one.get_help_record(ctx))]
            if lines:
                with formatter.section(title):
                    formatter.write_dl(lines)


class Group(TyperGroup):
    """A group of commands that is never interrupted without a word, which Typer would do while a command is loaded."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """As that of Typer."""
        with _said():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """As that of Typer."""
        with _said():
            return super().invoke(ctx)


@contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        # No command has begun yet, so there is nothing to resume.
        print("interrupted", file=sys.stderr)
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _usage(argument: TyperArgument) -> str:
    name = argument.display_name_raw
    return (name if argument.required else f"[{name}]") + ("..." if argument.nargs != 1 else "")


def _plain(name: str, text: str) -> tuple[str, str]:
    for written, spoken in _RANGES:
        text = written.sub(spoken, text)
    return _TYPE.sub("", name), text
