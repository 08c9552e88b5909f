"""Asking for a password: never as an argument, which others would see in the list of processes and the history."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer

from stores.core.errors import UsageError

PasswordStdinOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input, for scripts.")
]

_LONGEST_LINE = 10_000


def asked_password(from_stdin: bool) -> str:
    """The password that a person types twice, or the first line of standard input.

    Raises:
        UsageError: USAGE if there is none, or the two differ.
    """
    if from_stdin:
        password = sys.stdin.readline(_LONGEST_LINE).rstrip("\r\n")
        if not password:
            raise UsageError("USAGE", "There is no password on standard input.", "Example: … --password-stdin < FILE")
        return password
    if not sys.stdin.isatty():
        message = "There is no terminal to ask for a password."
        raise UsageError("USAGE", message, "Give it on standard input, with --password-stdin.")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Once more: "):
        raise UsageError("USAGE", "The two passwords differ.", "Try again.")
    return password
