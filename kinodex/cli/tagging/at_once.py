"""Tags that just changed are decided at once, where that takes seconds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kinodex.text import clean

if TYPE_CHECKING:
    from kinodex.library import Library
    from kinodex.schemas.tagging.explained import RetaggedDocument


def decided_at_once(library: Library, tag_ids: Sequence[str]) -> RetaggedDocument | None:
    """Decides about tags that just changed; None if that is left to `kinodex tags decide`.

    If deciding fails, the change stays made: that is told on stderr.
    """
    from kinodex.cli.tagging.progress import tagging_progress
    from kinodex.usecases.tagging.at_once import decide_at_once
    from stores.core.errors import KinodexError

    if not tag_ids:
        return None
    try:
        with tagging_progress() as on_progress:
            return decide_at_once(library, tag_ids, on_progress)
    except KinodexError as error:
        print(clean(f"not decided yet: {error}"), file=sys.stderr)
        return None
