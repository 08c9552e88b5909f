"""Which searches of this library led to which of its videos, noted as it is used."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from stores.core.errors import StoreError
from stores.core.principal import Principal
from stores.tags.recall.clicks import ClickStore

MINUTES = 10.0
"""How long after a search an opened video counts as found by it. Source: our choice."""

_REMEMBERED = 1_000  # people whose last search is known

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class _Search:
    query: str
    at: float
    found: set[str]


class SearchLog:
    """Counts an opened video as found by the last search that showed it, once a search.

    Last searches stay in memory and are never written; what is counted says nothing of who searched. Who does not see
    the whole library is not noted at all: what they look for must not show in the tags that others see.
    """

    def __init__(self, clicks: ClickStore) -> None:
        self._clicks = clicks
        self._lock = threading.Lock()
        self._last: OrderedDict[tuple[str, str], _Search] = OrderedDict()

    def searched(self, principal: Principal, query: str, video_ids: Iterable[str]) -> None:
        """Somebody searched and was shown these videos."""
        if not _is_noted(principal):
            return
        with self._lock:
            who = (principal.user_id, principal.key_id)
            self._last[who] = _Search(query, time.monotonic(), set(video_ids))
            self._last.move_to_end(who)
            while len(self._last) > _REMEMBERED:
                self._last.popitem(last=False)

    def opened(self, principal: Principal, video_id: str) -> bool:
        """Somebody opened a video; whether that was counted. A library that cannot be written notes nothing."""
        if not _is_noted(principal):
            return False
        with self._lock:
            last = self._last.get((principal.user_id, principal.key_id))
            if last is None or time.monotonic() - last.at > 60.0 * MINUTES or video_id not in last.found:
                return False
            last.found.discard(video_id)
        try:
            return self._clicks.add([(last.query, video_id, 1)], "log") > 0
        except StoreError as error:
            _LOG.warning("a search is not noted: %s", error)
            return False


def _is_noted(principal: Principal) -> bool:
    return principal.everything and not principal.narrowed and not principal.only_video
