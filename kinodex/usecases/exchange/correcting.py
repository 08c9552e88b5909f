"""Lines that a person writes in place of what was recognised."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from encoders.types import WeightsError
from stores.core.errors import KinodexError
from stores.corrections.records import Corrected, NewText
from stores.maintenance.amending import TextSpace, amend, renew_vectors, waiting

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from stores.library_store import LibraryStore

_LOG = logging.getLogger(__name__)


def correct(
    store: LibraryStore, encoders: Callable[[], Encoders], wanted: Sequence[NewText], author: str = ""
) -> Corrected:
    """Has lines say what a person wrote, or again what was recognised: all of them or none.

    They are found by their words at once, and by their meaning when this returns. Where a model or the vector index
    fails, the latter waits for the next correction or ingest.

    Args:
        encoders: opens the models, if they are needed.
        author: who wrote it.

    Raises:
        UsageError: NOT_FOUND if there is no such line; USAGE if a text is empty or too long.
        StoreError: LIBRARY_LOCKED if another process writes, and the like.
    """
    done = amend(store, wanted, author)
    if done.changed:
        renew(store, encoders, done.video_ids)
    return done


def renew(store: LibraryStore, encoders: Callable[[], Encoders], video_ids: Sequence[str] | None = None) -> int:
    """Makes the vectors of corrected lines that are of another text, e.g. after an ingest; returns how many."""
    if not waiting(store.engine, video_ids):
        return 0
    try:
        return renew_vectors(store, text_space(encoders()), video_ids)
    except (WeightsError, KinodexError) as error:
        _LOG.warning("Corrected lines are not found by their meaning yet: %s", error)
        return 0


def text_space(encoders: Encoders) -> TextSpace:
    """Where the present models find texts."""
    from encoders.spaces import collections

    return TextSpace(collections(encoders).text, encoders.text.encode_passages)
