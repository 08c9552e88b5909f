"""Tags, decisions and reviews as pages show them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kinodex.schemas.base import Document, Number

By = Literal["automatic", "derived", "person"]
"""Who decided; ``derived``: a narrower tag is accepted."""


class Named(Document):
    """A tag by its name."""

    tag_id: str
    name: str


class TagCard(Document):
    """One tag.

    Attributes:
        parents: what is broader: the parent in lists, all up to the broadest for one tag.
        videos: how many of the videos that one sees have it.
    """

    tag_id: str
    name: str
    aliases: list[str]
    parents: list[Named]
    facet: str
    language: str
    status: str
    videos: int


class TagsPage(Document):
    """A page of tags; ``total`` counts all that fit, ``next`` is the cursor of the next page, null at the end."""

    tags: list[TagCard]
    total: int
    next: str | None


class VideoWithTag(Document):
    """A video that has a tag."""

    video_id: str
    name: str
    score: Number
    by: By


class TagVideosPage(Document):
    """Videos that have a tag, the surest first; ``next`` is the cursor of the next page, null at the end."""

    videos: list[VideoWithTag]
    next: str | None


class DecisionEvidence(Document):
    """A stored line that a decision rests on; times in seconds; ``kind``: how it was perceived."""

    evidence_id: str
    start: Number
    end: Number
    text: str
    kind: str


class VideoDecision(Document):
    """What counts about one tag of one video.

    Attributes:
        name: "" if the tag is not in the tag library any more.
        state: ``accepted``, ``rejected``, ``abstained``, ``proposed`` or ``unsure``.
        by: whose decision it is; a person's is before an automatic one.
        automatic, automatic_score: what was decided without people; "" and null if nothing was.
    """

    tag_id: str
    name: str
    state: str
    score: Number
    by: By
    automatic: str
    automatic_score: Number | None
    evidence: list[DecisionEvidence]


class VideoDecisions(Document):
    """What counts about the tags of one video, the surest first."""

    decisions: list[VideoDecision]


class ReviewCard(Document):
    """An automatic decision that waits for a person.

    Attributes:
        state: what was decided automatically.
        uncertainty: how near the score is to the threshold from which a tag is accepted.
        thumbnail: url of a picture of the first evidence; null if there is none.
    """

    video_id: str
    name: str
    tag_id: str
    tag: str
    state: str
    score: Number
    uncertainty: Number
    evidence: list[DecisionEvidence]
    thumbnail: str | None


class ReviewPage(Document):
    """What to look at, the least certain first.

    Attributes:
        left: how many wait, these among them; at most 10,000 are counted.
        next: what the next page comes after; null at the end.
    """

    items: list[ReviewCard]
    left: int
    next: str | None


class VerdictRequest(Document):
    """What a person decided about one tag of one video."""

    video_id: Annotated[str, Field(max_length=100)]
    tag_id: Annotated[str, Field(max_length=1_000)]
    verdict: Literal["accepted", "rejected", "unsure"]


class DecisionsRequest(Document):
    """What a person decided, all or none of it."""

    decisions: Annotated[list[VerdictRequest], Field(min_length=1, max_length=1_000)]


class Decided(Document):
    """It was saved; ``undo`` takes it back."""

    undo: str


class UndoRequest(Document):
    """Which step to take back."""

    undo: Annotated[str, Field(min_length=1, max_length=100)]


class UndoneDecision(Document):
    """A tag of a video about which everything is as it was."""

    video_id: str
    tag_id: str


class Undone(Document):
    """What was taken back."""

    decisions: list[UndoneDecision]


class ReviewEvent(Document):
    """Something that a person decided. ``automatic`` and ``score``: what was decided before by ``model``.

    ``at``, ``undone_at``: seconds since 1970; the latter null if it counts.
    """

    video_id: str
    tag_id: str
    verdict: str
    by: str
    automatic: str
    score: Number | None
    model: str
    at: Number
    undone_at: Number | None


class ReviewHistory(Document):
    """What people decided about a video, the newest first; at most 100."""

    reviews: list[ReviewEvent]
