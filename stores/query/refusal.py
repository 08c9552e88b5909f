"""Refusing a query: with a reason, what is possible instead, and names that somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NoReturn

from stores.core.errors import UsageError
from stores.query.schema import schema

HINT = "One SELECT over these tables is possible: " + ", ".join(schema()) + "."


def refuse(message: str, hint: str = HINT) -> NoReturn:
    """Raises QUERY_REFUSED."""
    raise UsageError("QUERY_REFUSED", message, hint)


def near(name: str, known: Iterable[str]) -> str:
    """Up to three of the known names that are like ``name``, else the beginning of the list, as a phrase."""
    names = list(dict.fromkeys(known))
    word = name.lower()
    like = [one for one in names if word and (word in one.split("_") or one in word.split("_"))]
    like += [one for one in names if word in one or one in word]
    like += get_close_matches(word, names, n=3, cutoff=0.6)
    chosen = list(dict.fromkeys(like))[:3] or names
    return ", ".join(chosen)
