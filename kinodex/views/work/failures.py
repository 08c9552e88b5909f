"""What failed, whether it will be tried again, and trying it again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kinodex.schemas.api.jobs import FailureItem, FailuresPage, JobCard, RetriedDocument
from kinodex.schemas.jobs.orders import DescribeOrder, IngestOrder, arguments_of
from kinodex.usecases.failures import PLACES, FailureFilter, failures, failures_page
from kinodex.views.cursors import cursor as cursor_of
from kinodex.views.cursors import place_of
from kinodex.views.names import file_name, without_paths
from kinodex.views.work.hints import hint_of
from kinodex.views.work.jobs import card
from stores.core.errors import UsageError
from stores.core.uris import path_of
from stores.ledger import BAD
from stores.listing.failures import total

if TYPE_CHECKING:
    from kinodex.schemas.failures import FailureDocument
    from kinodex.views.library_view import LibraryView


def page(view: LibraryView, limit: int = 100, cursor: str | None = None) -> FailuresPage:
    """What failed: of videos that are seen; files that became no video only for who sees everything.

    Raises:
        UsageError: USAGE if the cursor is none.
    """
    library, visible, everything = view.store.library_id, view.visible(), view.principal.everything
    after = place_of(library, "failures", cursor, *PLACES) if cursor else ()
    shown, last = failures_page(view.store, view.settings, limit, after, visible, everything)
    following = cursor_of(library, "failures", *last) if last else None
    count = total(view.store, visible, with_inputs=everything)
    return FailuresPage(failures=[_item(one) for one in shown], total=count, next=following)


def retry(view: LibraryView, ids: Sequence[str] | None = None) -> RetriedDocument:
    """Order that what failed is done again.

    Args:
        ids: of failures; None for all that are seen.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND if one of them is none, or no longer; then nothing is ordered.
    """
    from workflows.planning.describe_plan import DESCRIBING

    view.require("jobs")
    found = {failure_id(one): one for one in _failures(view)}
    unknown = [one for one in ids or () if one not in found]
    if unknown:
        raise UsageError("NOT_FOUND", f"There is no failure {unknown[0]!r}.", "See GET /api/v1/failures.")
    chosen = list(found.values()) if ids is None else [found[one] for one in dict.fromkeys(ids)]
    paths = dict.fromkeys(str(path_of(one.uri)) for one in chosen if one.stage not in DESCRIBING)
    videos = dict.fromkeys(one.video_id for one in chosen if one.stage in DESCRIBING)
    orders: list[IngestOrder | DescribeOrder] = []
    if paths:
        # Built without checks: these files are in the library, or were given to it, whatever folders are allowed now;
        # and they stay in the collections they are in.
        orders.append(
            IngestOrder.model_construct(kind="ingest", paths=list(paths), retry=True, budget="", collection="")
        )
    if videos:
        orders.append(DescribeOrder.model_construct(kind="describe", video_ids=list(videos), retry=True))
    return RetriedDocument(jobs=[_ordered(view, one) for one in orders])


def failure_id(one: FailureDocument) -> str:
    """What names a failure: a stage of a video, or a file that became none."""
    if one.video_id:
        return f"{one.video_id}:{one.stage}"
    return f"inp_{hashlib.sha256(one.uri.encode()).hexdigest()[:20]}"


def _ordered(view: LibraryView, order: IngestOrder | DescribeOrder) -> JobCard:
    arguments: dict[str, Any] = dict(arguments_of(order))
    job, _ = view.store.jobs.order(order.kind, arguments, view.principal.orders_as, key_id=view.principal.key_id)
    return card(job)


def _failures(view: LibraryView) -> list[FailureDocument]:
    visible = view.visible()
    ids = None if visible is None else frozenset(visible)
    inputs = None if view.principal.everything else frozenset[str]()
    found = failures(view.store, view.settings, FailureFilter(video_ids=ids, inputs=inputs, statuses=BAD)).errors
    return [one for one in found if one.video_id or view.principal.everything]


def _item(one: FailureDocument) -> FailureItem:
    return FailureItem(
        failure_id=failure_id(one),
        video_id=one.video_id,
        name=file_name(one.uri),
        stage=one.stage,
        status=one.status,
        code=one.code,
        message=without_paths(one.message, one.uri, path_of(one.uri)),
        hint=hint_of(one.code),
        retried=one.retryable and one.status == "failed",
        attempts=one.attempts,
    )
