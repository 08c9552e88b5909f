"""Moments found by meaning, by words, by another moment; evidence by id; rows by SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kinodex.schemas.api.query import ColumnDocument, QueryRows, SchemaDocument, TableDocument
from kinodex.schemas.api.search import AlsoShown, EvidenceDocument, EvidenceShown, MomentsFound, MomentShown
from kinodex.schemas.search import MomentIndex
from kinodex.usecases.search import exact_words, similar_moments
from kinodex.views import urls
from kinodex.views.library_view import Language, LibraryView
from kinodex.views.names import name_of
from kinodex.views.videos import scope_of
from kinodex.views.wording import explained, recognised
from stores.core.errors import UsageError

if TYPE_CHECKING:
    from agents.search.finder import Found, Moment

Mode = Literal["meaning", "exact"]

LONGEST_QUERY = 500
MOST_MOMENTS = 50
MOST_EVIDENCE = 50


@dataclass(frozen=True, slots=True)
class Scope:
    """What a search is about: these videos, this collection, or both; neither for all."""

    video_ids: Sequence[str] | None = None
    collection: str = ""


def search(
    view: LibraryView, query: str, k: int = 10, mode: Mode = "meaning", scope: Scope | None = None, *, copies: bool
) -> MomentsFound:
    """The ``k`` best moments for a query in any language.

    Args:
        mode: ``meaning``, or ``exact`` for lines with all the words of the query.
        copies: also show near-duplicates of better moments; else they are listed in ``also``.

    Raises:
        UsageError: USAGE if the query is empty or too long; UNKNOWN_VIDEO, NOT_FOUND for the scope.
    """
    scope = scope or Scope()
    _check(query)
    only = scope_of(view, scope.video_ids, scope.collection)
    if mode == "exact":
        found = exact_words(view.store, query, k, only)
    else:
        found = view.library.search(query, k=k, duplicates=copies, video_ids=only)
    if view.settings.tagging.log_searches:
        view.store.search_log.searched(view.principal, query, (moment.video_id for moment in found.moments))
    return _document(view, found)


def similar(view: LibraryView, video_id: str, start: float, end: float, k: int = 10) -> MomentsFound:
    """The ``k`` moments that look most like one of a video.

    Args:
        start, end: of the moment, in seconds.

    Raises:
        UsageError: UNKNOWN_VIDEO; USAGE if it ends before it starts.
    """
    view.video(video_id)
    if end < start:
        raise UsageError("USAGE", "The moment ends before it starts.")
    return _document(
        view, similar_moments(view.store, view.library.encoders, video_id, (start, end), k, view.visible())
    )


def evidence(view: LibraryView, evidence_ids: Sequence[str]) -> EvidenceDocument:
    """Evidence by id; what is not there, or not for this principal, is left out.

    Raises:
        UsageError: USAGE for more than `MOST_EVIDENCE` ids.
    """
    if len(evidence_ids) > MOST_EVIDENCE:
        raise UsageError("USAGE", f"At most {MOST_EVIDENCE} ids can be asked for at a time.", "Ask several times.")
    found = view.store.catalog.evidence(evidence_ids)
    visible = view.only({one.video_id for one in found.values()})
    kept = [one for one in found.values() if visible is None or one.video_id in visible]
    names = names_of(view, {one.video_id for one in kept})
    shown = []
    for one in kept:
        start, end = one.span.seconds
        shown.append(
            EvidenceShown(
                evidence_id=one.evidence_id,
                video_id=one.video_id,
                name=names[one.video_id],
                kind=one.channel,
                start=start,
                end=end,
                text=recognised(one.text, one.channel, view.language),
                confidence=one.confidence,
                frame=urls.frame(one.video_id, (start + end) / 2),
                link=urls.page(one.video_id, start),
            )
        )
    return EvidenceDocument(evidence=shown)


def query(view: LibraryView, sql: str, max_rows: int) -> QueryRows:
    """The rows of one SELECT over the tables of `schema`, as if there were no other videos than those it sees.

    Raises:
        UsageError: QUERY_REFUSED, QUERY_LIMIT.
    """
    found = view.store.query.run(sql, view.visible(), max_rows)
    return QueryRows(
        columns=list(found.columns), rows=[list(row) for row in found.rows], truncated=found.truncated, sql=found.sql
    )


def schema(view: LibraryView) -> SchemaDocument:
    """The tables that can be asked."""
    return SchemaDocument(
        tables=[
            TableDocument(
                name=table.name,
                meaning=table.meaning,
                columns=[
                    ColumnDocument(name=one.name, type=one.type, meaning=one.meaning, unit=one.unit)
                    for one in table.columns
                ],
            )
            for table in view.store.query.tables()
        ]
    )


def names_of(view: LibraryView, video_ids: Collection[str]) -> dict[str, str]:
    """Names of the files of some videos, by id."""
    places = view.store.catalog.places_of(video_ids)
    return {one: name_of(places.get(one, ()), one) for one in video_ids}


def _check(text: str) -> None:
    if not text.strip():
        raise UsageError("USAGE", "There is nothing to look for: the text is empty.", "Say what you look for.")
    if len(text) > LONGEST_QUERY:
        raise UsageError("USAGE", f"A query has at most {LONGEST_QUERY} characters.", "Say it in fewer words.")


def _document(view: LibraryView, found: Found) -> MomentsFound:
    named = {moment.video_id for moment in found.moments}
    named |= {other.video_id for moment in found.moments for other in moment.also}
    names, index = names_of(view, named), found.index
    return MomentsFound(
        query=found.query,
        verdict=found.verdict,
        index=MomentIndex(
            state=index.state,
            videos_indexed=index.videos_indexed,
            videos_known=index.videos_known,
            videos_former=index.videos_former,
            videos_unserved=index.videos_unserved,
        ),
        results=[_moment(one, names, view.language) for one in found.moments],
    )


def _moment(one: Moment, names: dict[str, str], language: Language) -> MomentShown:
    start, end = one.span.seconds
    also = []
    for other in one.also:
        first, last = other.span.seconds
        link = urls.page(other.video_id, first)
        also.append(AlsoShown(video_id=other.video_id, name=names[other.video_id], start=first, end=last, link=link))
    return MomentShown(
        rank=one.rank,
        moment=f"{one.video_id}@{start:.3f}-{end:.3f}",
        video_id=one.video_id,
        name=names[one.video_id],
        start=start,
        end=end,
        score=one.score,
        channels=dict(one.channels),
        text=explained(one.text, one.text_channel, language),
        kind=max(one.channels, key=lambda name: one.channels[name], default=""),
        thumbnail=urls.thumbnail(one.video_id, one.thumbnail.rsplit("/", 1)[-1]),
        link=urls.page(one.video_id, start),
        also=also,
    )
