"""Names that people give: of users, keys and collections."""

from __future__ import annotations

from stores.core.errors import UsageError
from stores.core.record_columns import clean

LONGEST_NAME = 64
"""Characters of a name. Source: our choice: a table shows it in one line."""


def proper_name(text: str, what: str) -> str:
    """The name as it is kept, with single spaces.

    Args:
        what: whose name it is, for the message.

    Raises:
        UsageError: USAGE if it is empty, too long or not text.
    """
    name = " ".join(text.split())
    # What was replaced is no longer the name that was given.
    if clean(name) != name or not name or len(name) > LONGEST_NAME or not name.isprintable():
        message = f"The name of {what} has 1 to {LONGEST_NAME} characters that can be shown."
        raise UsageError("USAGE", message, "Give another name.")
    return name
