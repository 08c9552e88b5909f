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
    from kinodex.usecases.tagging.at_once import is_quick
    from kinodex.usecases.tagging.retagging import retag
    from stores.core.errors import KinodexError

    if not tag_ids:
        return None
    try:
        with tagging_progress() as on_progress:
            if not is_quick(library.store, library.encoders, library.settings, tag_ids):
                return None
            tagger = library.tagger(lambda done, of: on_progress(done, of, "encoding new tags"))
            return retag(library.store, tagger, tag_ids, lambda seen, of: on_progress(seen, of, "videos"))
    except KinodexError as error:
        print(clean(f"not decided yet: {error}"), file=sys.stderr)
        return None
