"""Loading the models before the first person waits for them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kinodex.library import Library

_LOG = logging.getLogger(__name__)


def warm(library: Library) -> None:
    """Search once, for something that every model has to look at. What fails here will say so when somebody asks."""
    try:
        library.search("somebody is talking about the weather", k=1)
    except Exception as error:  # noqa: BLE001
        _LOG.warning("The models could not be loaded ahead of the first question: %s", error)
