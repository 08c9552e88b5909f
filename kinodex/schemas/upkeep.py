"""Upkeep of a library: what was checked, rebuilt or removed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from kinodex.schemas.base import Document

if TYPE_CHECKING:
    from stores.maintenance.forget import Forgotten
    from stores.maintenance.rebuild import Rebuilt
    from stores.maintenance.sweeping import Swept
    from stores.maintenance.verification import Verification


class Removed(Document):
    """What no finished stage referred to, and the ``bytes`` that this freed.

    Attributes:
        staged: staged outputs that no worker will fetch.
        parts: runs of parts whose whole stage was done after they began.
    """

    blobs: int
    vectors: int
    staged: int
    parts: int
    bytes: int


class SweptDocument(Document):
    """What `kinodex gc` removed, or under ``dry_run`` would remove; as `Removed`."""

    dry_run: bool
    blobs: int
    vectors: int
    staged: int
    parts: int
    bytes: int


class RebuiltDocument(Document):
    """What both indexes contain now: vectors in collections, and lines of text."""

    vectors: int
    collections: int
    lines: int


class StageRun(Document):
    """A stage of a video."""

    video_id: str
    stage: str


class ProblemFound(Document):
    """One thing that is not as it should be, as `stores.maintenance.verification.Problem`."""

    kind: str
    code: str
    where: str
    message: str
    hint: str


class VerifiedDocument(Document):
    """What `kinodex verify` found.

    Attributes:
        ok: also where there are orphans, which are harmless.
        checked: how many of each kind were checked.
        mended: the runs that the next ingest will redo.
    """

    ok: bool
    checked: dict[str, int]
    problems: list[ProblemFound]
    mended: list[StageRun]


class VideoNamed(Document):
    """A video and its last known place."""

    video_id: str
    uri: str


class ForgottenCounts(Document):
    """How much was removed."""

    videos: int
    blobs: int
    vectors: int


class ForgottenDocument(Document):
    """Which videos, and inputs that could not be read, the library forgot, and how much that was."""

    videos: list[VideoNamed]
    inputs: list[str]
    removed: ForgottenCounts


def removed(swept: Swept) -> Removed:
    """What a sweep removed."""
    return Removed(blobs=swept.blobs, vectors=swept.vectors, staged=swept.staged, parts=swept.parts, bytes=swept.bytes)


def swept(found: Swept, dry_run: bool) -> SweptDocument:
    """The document of a sweep."""
    return SweptDocument(
        dry_run=dry_run,
        blobs=found.blobs,
        vectors=found.vectors,
        staged=found.staged,
        parts=found.parts,
        bytes=found.bytes,
    )


def rebuilt(made: Rebuilt) -> RebuiltDocument:
    """The document of a rebuild."""
    return RebuiltDocument(vectors=made.vectors, collections=made.collections, lines=made.lines)


def verified(found: Verification, repair: bool) -> VerifiedDocument:
    """The document of a check.

    Args:
        repair: whether the next ingest will redo what is damaged.
    """
    again = [StageRun(video_id=key.video_id, stage=key.stage) for key in found.damaged]
    return VerifiedDocument(
        ok=not found.harmful,
        checked=dict(found.checked),
        problems=[
            ProblemFound(kind=one.kind, code=one.code, where=one.where, message=one.message, hint=one.hint)
            for one in found.problems
        ],
        mended=again if repair else [],
    )


def forgotten(uris: Mapping[str, str], inputs: Iterable[str], counts: Forgotten) -> ForgottenDocument:
    """The document of what was forgotten: ``uris`` by video id, and inputs that never became a video."""
    return ForgottenDocument(
        videos=[VideoNamed(video_id=video_id, uri=uri) for video_id, uri in uris.items()],
        inputs=list(inputs),
        removed=ForgottenCounts(videos=counts.videos, blobs=counts.blobs, vectors=counts.vectors),
    )
