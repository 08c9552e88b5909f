"""Tags, decisions and reviews as pages show them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

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
        shown: the name, or the alias of it that is in the script of the reader's language.
        parents: what is broader: the parent in lists, all up to the broadest for one tag.
        videos: how many of the videos that one sees have it.
    """

    tag_id: str
    name: str
    shown: str
    aliases: list[str]
    parents: list[Named]
    facet: str
    language: str
    status: str
    videos: int


class TagsAsked(Document):
    """Which tags, in which order.

    Attributes:
        q: part of a name or an alias, or an id.
        facet: left out for all, ``-`` for those without one.
        status: ``active`` or ``retired``; "" for both.
        parent: the id of the tag right above; "" for any.
        tag_id: the id of the only one; "" for any. So tags are read whose ids are `facets`, `export`, `duplicates` or
            `proposals`, too, at whose addresses something else is.
        sort: in the order in which they were added, by name, or those of most videos first.
        cursor: ``next`` of the page before.
        skip: without a cursor, how many are left out before the first: to look into the middle of a long list.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    q: Annotated[str, Field(max_length=200)] = ""
    facet: Annotated[str, Field(max_length=200)] | None = None
    status: Literal["", "active", "retired"] = ""
    parent: Annotated[str, Field(max_length=1_000)] = ""
    tag_id: Annotated[str, Field(max_length=1_000)] = ""
    sort: Literal["added", "name", "-videos"] = "added"
    cursor: Annotated[str, Field(max_length=2_000)] | None = None
    skip: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


class TagsPage(Document):
    """A page of tags; ``total`` counts all that fit, ``next`` is the cursor of the next page, null at the end."""

    tags: list[TagCard]
    total: int
    next: str | None


class FacetCard(Document):
    """How many active tags have a facet; ``facet`` "" for those without one."""

    facet: str
    tags: int


class FacetsDocument(Document):
    """What tags can be narrowed by; ``active``, ``retired``: how many tags are."""

    facets: list[FacetCard]
    active: int
    retired: int


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
        name: "" if the tag is not in the tag library any more; shown: as `TagCard`.
        state: ``accepted``, ``rejected``, ``abstained``, ``proposed`` or ``unsure``.
        by: whose decision it is; a person's is before an automatic one.
        automatic, automatic_score: what was decided without people; "" and null if nothing was.
    """

    tag_id: str
    name: str
    shown: str
    state: str
    score: Number
    by: By
    automatic: str
    automatic_score: Number | None
    evidence: list[DecisionEvidence]


class VideoDecisions(Document):
    """What counts about the tags of one video, the surest first."""

    decisions: list[VideoDecision]


Reason = Literal["near_threshold", "sources_disagree", "many_videos", "new_tag", "undecided"]
"""Why something is asked: the score is near the threshold; the recall sources are apart; many videos have the tag;
nobody has said anything about the tag; nobody has decided about it."""


class ReviewCard(Document):
    """An automatic decision that waits for a person.

    Attributes:
        shown: the name of the tag as `TagCard`.
        state: what was decided automatically.
        uncertainty: how near the score is to the threshold from which a tag is accepted.
        disagreement: how far the recall sources are apart, 0 to 1.
        shared: for how many videos something was decided about the tag; at most 1,000 are counted.
        judged: how often people said something about the tag; at most 200 are counted. Like ``shared`` null for
            somebody who does not see all videos.
        scores: what each recall source says.
        reasons: why it is asked.
        thumbnail: url of a picture of the first evidence; null if there is none.
    """

    video_id: str
    name: str
    tag_id: str
    tag: str
    shown: str
    state: str
    score: Number
    uncertainty: Number
    disagreement: Number
    shared: int | None
    judged: int | None
    scores: dict[str, Number]
    reasons: list[Reason]
    evidence: list[DecisionEvidence]
    thumbnail: str | None


class ReviewPage(Document):
    """What to look at, what teaches most first; within a page no more alike ones in a row than there must be.

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


class DecidedTogether(Document):
    """What was decided about in one step, or would be (then ``undo`` is empty)."""

    verdict: str
    decisions: list[UndoneDecision]
    undo: str


class Undone(Document):
    """What was taken back."""

    decisions: list[UndoneDecision]


class ReviewEvent(Document):
    """Something that a person decided. ``automatic`` and ``score``: what was decided before by ``model``.

    ``at``, ``undone_at``: seconds since 1970; the latter null if it was not taken back. ``undo``: what takes it back.
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
    undo: str


class ReviewHistory(Document):
    """What people decided about a video, the newest first; at most 100."""

    reviews: list[ReviewEvent]


class ReviewMerged(Document):
    """What became of the events of another copy of the library.

    Attributes:
        added, known: events that are new here, and that were here.
        foreign: events about videos or tags that this library does not have; they were left out.
        changed: tags of videos about which something else counts now.
    """

    added: int
    known: int
    foreign: int
    changed: int


class ReviewExported(Document):
    """How many events were written."""

    events: int


EventScore = tuple[Annotated[str, Field(max_length=200)], Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]]
"""A recall source and what it said."""


class KeptDecision(Document):
    """The decision that a verdict makes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    recalled_by: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=100)]
    scores: Annotated[list[EventScore], Field(max_length=100)]
    evidence: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=10_000)]


class ReviewEventLine(Document):
    """An event as a line of a file (`stores.tags.review.Event`): a verdict, or one taken back (``undoes``)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    event_id: Annotated[str, Field(pattern=r"^rev_[0-9a-f]{24}$")]
    step: Annotated[str, Field(min_length=1, max_length=100)]
    video_id: Annotated[str, Field(max_length=100)]
    tag_id: Annotated[str, Field(max_length=1_000)]
    undoes: Annotated[str, Field(pattern=r"^(rev_[0-9a-f]{24})?$")]
    verdict: Literal["accepted", "rejected", "abstained", "proposed", "unsure", ""]
    by_id: Annotated[str, Field(max_length=200)]
    by_name: Annotated[str, Field(max_length=1_000)]
    at: Annotated[float, Field(ge=0, le=253_402_300_799, allow_inf_nan=False)]
    automatic: Annotated[str, Field(max_length=100)]
    model: Annotated[str, Field(max_length=1_000)]
    score: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None
    sources: Annotated[list[EventScore], Field(max_length=100)]
    kept: KeptDecision | None

    @model_validator(mode="after")
    def _is_whole(self) -> ReviewEventLine:
        if bool(self.undoes) == bool(self.verdict) or bool(self.verdict) != (self.kept is not None):
            raise ValueError("An event is a verdict with a decision, or takes one back.")
        return self
