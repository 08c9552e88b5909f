"""What can be ordered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from kinodex.schemas.base import Document

MOST_VIDEOS = 100_000
"""Videos or paths named in one order. Source: our choice."""

Path = Annotated[str, Field(min_length=1, max_length=4_096)]
VideoIds = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=MOST_VIDEOS)]
Channel = Literal["picture", "object", "speech", "screen"]
Budget = Annotated[str, Field(max_length=100, description="As `kinodex ingest --budget`, e.g. `2h,5GB`; empty: none.")]


class IngestOrder(Document):
    """Watch and listen to every video under ``paths`` that is not in the library yet.

    Attributes:
        collection: name or id of the collection that new videos are put into, which the one who orders it must edit;
            "" for none, which only those may order who see everything.
    """

    kind: Literal["ingest"]
    paths: Annotated[list[Path], Field(min_length=1, max_length=MOST_VIDEOS)]
    retry: bool = False
    budget: Budget = ""
    collection: Annotated[str, Field(max_length=200)] = ""


class TagOrder(Document):
    """Decide which tags fit each video; ``video_ids``: null for every indexed one.

    Attributes:
        since: ``last`` for those that changed since they were last tagged, or whose vocabulary or ranker did; "" for
            all.
    """

    kind: Literal["tag"]
    video_ids: VideoIds | None = None
    since: Literal["", "last"] = ""


class DescribeOrder(Document):
    """Have clips described in words; ``video_ids``: null for every indexed video."""

    kind: Literal["describe"]
    video_ids: VideoIds | None = None
    by: Literal["profile", "endpoint"] | None = None
    script: bool = True
    retry: bool = False
    budget: Budget = ""


class ReembedOrder(Document):
    """Replace vectors of former models by those of the present ones; ``channels``: empty for all."""

    kind: Literal["reembed"]
    channels: tuple[Channel, ...] = Field((), max_length=4)
    budget: Budget = ""


class VerifyOrder(Document):
    """Check tables, blobs and vectors against each other; see `kinodex verify`."""

    kind: Literal["verify"]
    media: bool = False
    quick: bool = False
    repair: bool = False


class ExportOrder(Document):
    """Write what is known about videos to a file, which `GET /jobs/{job_id}/file` then gives.

    Attributes:
        format: as `GET /exports` lists them.
        video_ids: of these videos; null for every indexed one.
        lines: which lines a transcript has.
        tags: ids or names: only videos with one of these accepted, and only these.
        query: moments that match it; ``k`` at most.
        bom: begin CSV with the mark by which Excel knows UTF-8.
    """

    kind: Literal["export"]
    format: Annotated[str, Field(min_length=1, max_length=40)]
    video_ids: VideoIds | None = None
    lines: Literal["speech", "screen", "caption"] = "speech"
    tags: list[Annotated[str, Field(max_length=200)]] = Field(default_factory=list, max_length=100)
    query: Annotated[str, Field(max_length=500)] = ""
    k: Annotated[int, Field(ge=1, le=1000)] = 50
    bom: bool = False


class ProposeOrder(Document):
    """Look through the library, a thousand videos at a time, for what no tag covers; replaces the open proposals."""

    kind: Literal["propose"]


Order = Annotated[
    IngestOrder | TagOrder | DescribeOrder | ReembedOrder | VerifyOrder | ExportOrder | ProposeOrder,
    Field(discriminator="kind"),
]
"""Anything that can be ordered."""


def arguments_of(order: Document) -> Mapping[str, Any]:
    """What is stored of an order: all but its kind."""
    return order.model_dump(mode="json", exclude={"kind"})
