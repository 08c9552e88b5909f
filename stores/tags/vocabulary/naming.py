"""Names and ids of tags: what may be one, and ids for names that have none."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from itertools import chain, count

from stores.core.errors import UsageError
from stores.core.text_keys import name_key
from stores.tags.files.vocabulary_file import LONGEST_NAME, MOST_ALIASES

_ID_BYTES = 5
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They change the direction in which the text around a name is read."""


def stable_id(name: str, facet: str = "") -> str:
    """The id of a tag that has only a name: the same each time it is read; a facet tells namesakes apart."""
    key = name_key(name) + (f"\0{name_key(facet)}" if facet else "")
    return "t" + hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=_ID_BYTES).hexdigest()


def free_id(name: str, facet: str, taken: Callable[[str], bool]) -> str:
    """As `stable_id`, of those that no other tag has."""
    facets = chain((facet, facet or "\0"), (f"\0{n}" for n in count()))
    return next(one for one in (stable_id(name, one) for one in facets) if not taken(one))


def clean_name(text: str) -> str:
    """A text as a name: in one line, without characters that are not shown, of at most `LONGEST_NAME`.

    What videos say and show becomes a name only through this.
    """
    shown = "".join(" " if unicodedata.category(one) in ("Cc", "Zl", "Zp") else one for one in text)
    shown = "".join(one for one in shown if unicodedata.category(one) not in ("Cf", "Cs", "Co", "Cn"))
    return re.sub(r"\s+", " ", shown).strip()[:LONGEST_NAME].strip()


def checked(what: str, text: str, empty: bool = False) -> str:
    """A name, alias or facet that a person gave.

    Raises:
        UsageError: USAGE if it is empty or too long, or holds characters that are not shown.
    """
    given = text.strip()
    if not clean_name(given) and not (empty and not given):
        raise UsageError("USAGE", f"The {what} is empty.", "A tag has a name.")
    if len(given) > LONGEST_NAME:
        message = f"The {what} has {len(given)} characters; {LONGEST_NAME} are the most."
        raise UsageError("USAGE", message, "Shorten it.")
    if any(unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") or one in _TURNING for one in given):
        raise UsageError("USAGE", f"The {what} holds control characters.", "Type it again.")
    return given


def checked_aliases(name: str, given: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """Aliases that a person gave, each once, without the name itself.

    Raises:
        UsageError: USAGE as `checked`, or if there are more than `MOST_ALIASES`.
    """
    if len(given) > MOST_ALIASES:
        raise UsageError("USAGE", f"{len(given)} aliases are too many; {MOST_ALIASES} are the most.", "Leave some out.")
    found = dict.fromkeys(checked("alias", one) for one in given if one.strip())
    return tuple(one for one in found if one != name)
