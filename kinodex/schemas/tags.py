"""The vocabulary, and what was decided about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from kinodex.schemas.base import Document, Number

if TYPE_CHECKING:
    from agents.tagging.learning import Learning
    from stores.core.records import Decision, Evidence, Tag
    from stores.tags.removal import Removed
    from stores.tags.vocabulary.importing import ImportReport


class TagDocument(Document):
    """One tag; ``status`` is ``active`` or ``retired``."""

    tag_id: str
    name: str
    facet: str
    aliases: list[str]
    parent: str
    language: str
    status: str


class TagsDocument(Document):
    """The tag library."""

    tags: list[TagDocument]


class ImportChange(Document):
    """A tag that an import adds or updates; ``differs``: the fields that change."""

    what: str
    tag_id: str
    name: str
    differs: list[str]


class ImportedDocument(Document):
    """What an import did, or would do.

    Attributes:
        total: tags in the library now.
        remarks: how the file was read.
        ids_made: tags that had no id and got one, made of their names.
        changes: the first of them.
        undo: takes it back; "" if nothing changed.
        dry_run: nothing was changed.
    """

    added: int
    updated: int
    unchanged: int
    total: int
    remarks: list[str]
    ids_made: int
    changes: list[ImportChange]
    undo: str
    dry_run: bool


class TagEvidence(Document):
    """A stored line that a decision rests on; ``start`` and ``end`` in seconds."""

    evidence_id: str
    start: Number
    end: Number
    channel: str
    text: str


class DecisionDocument(Document):
    """What was decided about one tag on one video.

    Attributes:
        name, facet: "" if the tag is not in the tag library any more.
        decision: ``accepted``, ``rejected``, ``abstained``, ``proposed`` or ``unsure``.
        recalled_by: where the tag came from.
        scores: what the confidence is made of.
    """

    tag_id: str
    name: str
    facet: str
    decision: str
    confidence: Number
    recalled_by: list[str]
    scores: dict[str, Number]
    evidence: list[TagEvidence]


class TaggedVideo(Document):
    """The decisions about one video."""

    video_id: str
    uri: str
    decisions: list[DecisionDocument]


class DecisionsDocument(Document):
    """What `kinodex tag` decided."""

    videos: list[TaggedVideo]


def tags(library: Iterable[Tag]) -> TagsDocument:
    """The document of the tag library."""
    return TagsDocument(tags=[tag_document(tag) for tag in library])


def tag_document(tag: Tag) -> TagDocument:
    """The document of one tag."""
    return TagDocument(
        tag_id=tag.tag_id,
        name=tag.name,
        facet=tag.facet,
        aliases=list(tag.aliases),
        parent=tag.parent,
        language=tag.language,
        status=tag.status,
    )


class RemovedDocument(Document):
    """What a removal of tags changed: tags, decisions about them, tags that are left; ``undo`` takes it back."""

    removed: int
    decisions: int
    total: int
    undo: str


def removed(done: Removed) -> RemovedDocument:
    """The document of a removal."""
    return RemovedDocument(removed=done.removed, decisions=done.decisions, total=done.total, undo=done.undo)


def imported(report: ImportReport) -> ImportedDocument:
    """The document of an import."""
    changes = [
        ImportChange(what=what, tag_id=tag_id, name=name, differs=list(differs))
        for what, tag_id, name, differs in report.changes
    ]
    return ImportedDocument(
        added=report.added,
        updated=report.updated,
        unchanged=report.unchanged,
        total=report.total,
        remarks=list(report.remarks),
        ids_made=report.ids_made,
        changes=changes,
        undo=report.undo,
        dry_run=report.dry_run,
    )


def decisions(
    decided: Mapping[str, Iterable[Decision]],
    tags_by_id: Mapping[str, Tag],
    evidence: Mapping[str, Evidence],
    uris: Mapping[str, str],
) -> DecisionsDocument:
    """The document of decisions.

    Args:
        decided: by video id.
        evidence: by id; what is no longer stored is left out.
        uris: of each video, by id.
    """
    return DecisionsDocument(
        videos=[
            TaggedVideo(
                video_id=video_id,
                uri=uris.get(video_id, ""),
                decisions=[_decision(one, tags_by_id.get(one.tag_id), evidence) for one in made],
            )
            for video_id, made in decided.items()
        ]
    )


def _decision(made: Decision, tag: Tag | None, evidence: Mapping[str, Evidence]) -> DecisionDocument:
    return DecisionDocument(
        tag_id=made.tag_id,
        name=tag.name if tag else "",
        facet=tag.facet if tag else "",
        decision=made.decision,
        confidence=made.confidence,
        recalled_by=list(made.recalled_by),
        scores=dict(made.scores),
        evidence=[_evidence(evidence[one]) for one in made.evidence_ids if one in evidence],
    )


def _evidence(line: Evidence) -> TagEvidence:
    start, end = line.span.seconds
    return TagEvidence(evidence_id=line.evidence_id, start=start, end=end, channel=line.channel, text=line.text)


class ComparisonDocument(Document):
    """What a ranker gains on the best one before it, on judgements that neither learned from.

    Attributes:
        gain: mean of the natural logarithm of the probability of what people decided, per judgement.
        low, high: its interval; those of all rankers hold together with 95 %.
        before, after: F1 of what is accepted.
    """

    gain: float
    low: float
    high: float
    before: float
    after: float


class TriedDocument(Document):
    """What became of one kind of ranker.

    Attributes:
        least: judgements before it is tried.
        outcome: ``taken``, ``no better``, ``too few judgements``, ``too few videos``, ``one-sided``.
    """

    rung: str
    least: int
    outcome: str
    comparison: ComparisonDocument | None


class ThresholdDocument(Document):
    """From which confidence on tags are accepted.

    Attributes:
        wanted: share of accepted tags that are to be right; null if none was asked for.
        promised: whether ``value`` keeps it, but for a chance of one in ten.
        missing: judged videos that are missing before it can be promised at all.
        videos, right: that it was tested on, and those that were right.
    """

    value: float
    wanted: float | None
    promised: bool
    missing: int
    videos: int
    right: int


class RecalledDocument(Document):
    """What was recalled for the judged videos: of how many there are recordings, of which tags and facets."""

    videos: int
    tags: int
    facets: list[str]


class TrainingDocument(Document):
    """What `kinodex tags train` did.

    Attributes:
        changed: false if neither judgements nor settings are others than the last time, whose outcome this is.
        rung: the ranker that tags are decided with; ``prior`` for the one that needs no judgements.
        judgements: that say yes or no, of which ``accepted`` say yes; ``unsure`` more say neither.
        videos: that they are about.
        f1: of the ranker on judgements held out; 0 if none could be.
        recalled: what a network could read beside the clips; null if there are too few judgements for one, or nothing
            is recorded.
    """

    changed: bool
    rung: str
    judgements: int
    accepted: int
    unsure: int
    videos: int
    f1: float
    tried: list[TriedDocument]
    threshold: ThresholdDocument
    recalled: RecalledDocument | None = None


def training(learning: Learning) -> TrainingDocument:
    """The document of what was learned."""
    return TrainingDocument.model_validate({"changed": learning.climb is not None, **learning.report})
