"""Whose face is whose, after an ingest."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from stores.core.errors import StoreError
from stores.maintenance.people.assigning import assign_people
from stores.maintenance.people.switching import remove_unwanted

if TYPE_CHECKING:
    from stores.library_store import LibraryStore

_LOG = logging.getLogger(__name__)


def recognise(store: LibraryStore) -> None:
    """Assign new faces to people; remove those of videos in whose collection nobody's face is looked at.

    What fails waits for the next ingest.
    """
    try:
        remove_unwanted(store)
        assign_people(store)
    except StoreError as error:
        _LOG.warning("Whose faces are new is left to the next ingest: %s", error)
