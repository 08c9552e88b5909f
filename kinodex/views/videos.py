"""Videos: a page of cards, one in detail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kinodex.schemas.api.media import PlaybackDocument
from kinodex.schemas.api.videos import (
    CollectionName,
    LibraryStatus,
    StageOutcome,
    TagName,
    VideoCard,
    VideoDetail,
    VideosPage,
)
from kinodex.schemas.base import Fault, fault
from kinodex.schemas.search import Index
from kinodex.schemas.videos import media_of
from kinodex.views import urls
from kinodex.views.collections import collections, collections_of, videos_of
from kinodex.views.cursors import cursor, place_of
from kinodex.views.library_view import LibraryView
from kinodex.views.media import how_played
from kinodex.views.names import file_name, name_of, without_paths
from kinodex.views.wording import tag_names
from stores.core.errors import UsageError
from stores.entries import EntryStatus as EntryStatus
from stores.entries import VideoEntry
from stores.listing.overview import overview
from stores.listing.videos import SORTS, CardFacts, Choice, Mark, card_facts, page, statuses, total
from stores.listing.videos import Sort as Sort

STATUSES = ("pending", "unfinished", "done", "partial", "failed", "quarantined")

SEARCHED = ("vectors",)
"""The stages that make a video searchable. Source: `stores.sql.standing.INDEXED_STAGE`."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows and sorts a list of videos; "" narrows nothing. ``name``: a part of a file's name."""

    status: str = ""
    tag: str = ""
    collection: str = ""
    language: str = ""
    name: str = ""
    sort: str = "name"


def reachable(view: LibraryView) -> None:
    """Whether the library can be read.

    Raises:
        StoreError: as `stores.sql.database.reading`, if it cannot; LIBRARY_MISSING if its folder was moved or removed.
    """
    view.store.check_folder()
    view.store.catalog.revision()


def status(view: LibraryView) -> LibraryStatus:
    """How much there is."""
    visible = view.visible()
    catalog = view.store.catalog
    if visible is None:
        found = overview(view.store)
        by_status, seconds, tags = dict(found.statuses), found.media_seconds, found.tags
    else:
        by_status, seconds = statuses(view.store, visible)
        tags = view.store.tags.count()
    health = catalog.index_health(SEARCHED, visible)
    index = Index(state=health.state, videos_indexed=health.videos_indexed, videos_known=health.videos_known)
    return LibraryStatus(
        index=index,
        videos=sum(by_status.values()),
        by_status=by_status,
        media_seconds=seconds,
        tags=tags,
        revision=catalog.revision() if visible is None else 0,
    )


def videos(view: LibraryView, filters: Filters, limit: int, after: str | None = None) -> VideosPage:
    """A page of videos.

    Args:
        after: the cursor of the page before.

    Raises:
        UsageError: USAGE for a cursor of another list, an unknown status or order; NOT_FOUND for a collection.
    """
    choice = _choice(view, filters)
    of = f"videos {filters}"
    mark = None
    key = str if choice.sort.removeprefix("-") == "name" else float
    if after is not None:
        mark = Mark(*place_of(view.store.library_id, of, after, (str, key, bool)))
    found = page(view.store, choice, limit + 1, mark)
    shown = found[:limit]
    following = None
    if len(found) > limit:
        last = shown[-1]
        following = cursor(view.store.library_id, of, last.video_id, last.key if last.placed else key(), last.placed)
    return VideosPage(
        videos=cards(view, [one.video_id for one in shown]), total=total(view.store, choice), next=following
    )


def cards(view: LibraryView, video_ids: Sequence[str]) -> list[VideoCard]:
    """The cards of some videos that the principal sees, in the given order."""
    entries = {entry.video_id: entry for entry in view.store.catalog.entries(video_ids)}
    facts = card_facts(view.store, video_ids)
    names = tag_names(view, (tag_id for one in facts.values() for tag_id in one.tag_ids))
    return [VideoCard(**_card(entries[one], facts[one], names)) for one in video_ids if one in entries]


def video(view: LibraryView, video_id: str) -> VideoDetail:
    """All about one video, but for what was found in it.

    Raises:
        UsageError: UNKNOWN_VIDEO.
    """
    view.video(video_id)
    if view.settings.tagging.log_searches:
        view.store.search_log.opened(view.principal, video_id)
    entry = view.store.catalog.entries([video_id])[0]
    facts = card_facts(view.store, [video_id])[video_id]
    names = tag_names(view, facts.tag_ids)
    return VideoDetail(
        **_card(entry, facts, names),
        media=None if entry.video is None else media_of(entry.video),
        stages=_stages(view, entry),
        places=[file_name(uri) for uri in entry.uris],
        playback=_playback(view, entry),
        collections=_collections(view, video_id),
    )


def _playback(view: LibraryView, entry: VideoEntry) -> PlaybackDocument | None:
    """How a browser plays it; None for what was never probed."""
    if entry.video is None:
        return None
    return how_played(view, entry.video_id)


def _collections(view: LibraryView, video_id: str) -> list[CollectionName]:
    """The collections that a video is in, of those that the principal sees."""
    inside = set(collections_of(view, [video_id]).get(video_id, ()))
    if not inside:
        return []
    seen = collections(view).collections
    return [
        CollectionName(collection_id=one.collection_id, name=one.name) for one in seen if one.collection_id in inside
    ]


def scope_of(view: LibraryView, video_ids: Sequence[str] | None, collection: str = "") -> tuple[str, ...] | None:
    """The videos that a request is about, by ids, by a collection, or both; None for all there are.

    Raises:
        UsageError: UNKNOWN_VIDEO for an id that is not there, or not for this principal; NOT_FOUND.
    """
    asked = view.videos(video_ids) if video_ids else None
    if collection:
        members = videos_of(view, collection)
        inside = frozenset(members)
        asked = list(members) if asked is None else [one for one in asked if one in inside]
    return view.only(asked)


def fault_of(entry: VideoEntry) -> Fault | None:
    """Why a video failed, without the path of its file."""
    return _pathless(entry, entry.error_code, entry.error_message)


def _pathless(entry: VideoEntry, code: str, message: str) -> Fault | None:
    return fault(code, without_paths(message, *entry.uris))


def _choice(view: LibraryView, filters: Filters) -> Choice:
    if filters.status and filters.status not in STATUSES:
        raise UsageError("USAGE", "There is no such status.", f"Those there are: {', '.join(STATUSES)}.")
    if filters.sort not in SORTS:
        raise UsageError("USAGE", "Videos cannot be sorted so.", f"Ways to sort: {', '.join(SORTS)}.")
    return Choice(
        status=filters.status,  # type: ignore[arg-type]
        tag_id=filters.tag,
        language=filters.language,
        name=filters.name,
        video_ids=scope_of(view, None, filters.collection),
        sort=filters.sort,
    )


def _card(entry: VideoEntry, facts: CardFacts, names: dict[str, tuple[str, str]]) -> dict[str, Any]:
    found, video_id = entry.video, entry.video_id
    tags = {one: names.get(one, (one, one)) for one in facts.tag_ids}
    return {
        "video_id": video_id,
        "name": name_of(entry.uris, video_id),
        "status": entry.status,
        "fault": fault_of(entry),
        "seconds": found.seconds if found else None,
        "width": found.width if found else None,
        "height": found.height if found else None,
        "poster": urls.thumbnail(video_id, facts.poster),
        "sprites": urls.sprites(video_id) if entry.stages.get("thumbnails") == "done" else None,
        "tags": [TagName(tag_id=one, name=name, shown=shown) for one, (name, shown) in tags.items()],
        "languages": list(facts.languages),
        "duplicates": max(0, len(entry.uris) - 1),
        "added_at": facts.added_at,
    }


def _stages(view: LibraryView, entry: VideoEntry) -> list[StageOutcome]:
    faults = {
        receipt.key.stage: _pathless(entry, receipt.error_code, receipt.error_message)
        for receipt in view.store.ledger.receipts_of([entry.video_id])
    }
    return [
        StageOutcome(stage=stage, status=outcome, fault=faults.get(stage) if outcome != "done" else None)
        for stage, outcome in entry.stages.items()
    ]
