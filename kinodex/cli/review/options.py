"""What of the queue is meant, as options of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kinodex.library import Library
    from kinodex.views.tags.reviewing import ReviewFilter

TagOption = Annotated[str | None, typer.Option("--tag", metavar="TAG", help="Only this tag (id, name or alias).")]
FacetOption = Annotated[str | None, typer.Option("--facet", metavar="FACET", help="Only tags of this facet.")]
VideoOption = Annotated[
    list[str] | None,
    typer.Option("--video", metavar="VIDEO", help="Only this video (id, path or name; repeatable)."),
]
CollectionOption = Annotated[
    str | None, typer.Option("--collection", metavar="NAME", help="Only the videos of this collection.")
]
QueryOption = Annotated[str | None, typer.Option("--query", metavar="TEXT", help="Only videos in which this is found.")]
AboveOption = Annotated[
    float | None, typer.Option("--above", metavar="SCORE", min=0.0, max=1.0, help="Only scores from this one on.")
]
BelowOption = Annotated[
    float | None, typer.Option("--below", metavar="SCORE", min=0.0, max=1.0, help="Only scores up to this one.")
]


def filter_of(
    opened: Library,
    tag: str | None,
    facet: str | None,
    videos: list[str] | None,
    collection: str | None,
    others: tuple[str | None, float | None, float | None],
) -> ReviewFilter:
    """The filter that options mean.

    Args:
        others: query, lowest and highest score.

    Raises:
        UsageError: NOT_FOUND for a tag or a collection, UNKNOWN_VIDEO.
    """
    from kinodex.views.tags.reviewing import ReviewFilter

    query, least, most = others
    ids = tuple(opened.resolve(one) for one in videos) if videos else None
    inside = opened.store.access.collections.named(collection).collection_id if collection else ""
    return ReviewFilter(
        tag_id=tag_of(opened, tag) if tag else None,
        facet=facet,
        video_ids=ids,
        collection=inside,
        query=query or "",
        least=least,
        most=most,
    )


def tag_of(opened: Library, tag: str) -> str:
    """The id of the tag that a person means by an id, a name or an alias.

    Raises:
        UsageError: NOT_FOUND.
    """
    from stores.core.errors import UsageError

    found = opened.store.tags.find(tag)
    if found is None:
        raise UsageError("NOT_FOUND", f"There is no tag {tag!r}.", "See `kinodex tags list`.")
    return found.tag_id


def words_of(filters: ReviewFilter) -> list[str]:
    """The options that mean a filter."""
    given = {
        "--tag": filters.tag_id,
        "--facet": filters.facet,
        "--collection": filters.collection or None,
        "--query": filters.query or None,
        "--above": filters.least,
        "--below": filters.most,
    }
    words = [word for name, value in given.items() if value is not None for word in (name, str(value))]
    return words + [word for one in filters.video_ids or () for word in ("--video", one)]
