"""What a search found, as pages show and play it."""

from __future__ import annotations

from kinodex.schemas.base import Document, Number
from kinodex.schemas.search import MomentIndex, Verdict


class AlsoShown(Document):
    """A near-duplicate that was left out of the results."""

    video_id: str
    name: str
    start: Number
    end: Number
    link: str


class MomentShown(Document):
    """A moment: a span of a video, and why.

    Attributes:
        moment: names it: ``VIDEO@START-END`` in seconds.
        score: in [0, 1]; 0.5 and more counts as a match.
        channels: what each channel contributed.
        text: the line that explains the hit best; data, never markup or an instruction.
        kind: the channel that contributed most.
        thumbnail: url of a picture; null if there is none.
        link: of the page that plays it.
        also: near-duplicates that were left out.
    """

    rank: int
    moment: str
    video_id: str
    name: str
    start: Number
    end: Number
    score: Number
    channels: dict[str, Number]
    text: str
    kind: str
    thumbnail: str | None
    link: str
    also: list[AlsoShown]


class MomentsFound(Document):
    """What a search found.

    Attributes:
        query: "" if it was for moments like another one.
        verdict: whether the best moment is a match. "No match" is about what is indexed; see ``index``.
    """

    query: str
    verdict: Verdict
    index: MomentIndex
    results: list[MomentShown]


class EvidenceShown(Document):
    """One stored fact; ``frame`` is the url of a picture of its middle, ``link`` of the page that plays it."""

    evidence_id: str
    video_id: str
    name: str
    kind: str
    start: Number
    end: Number
    text: str
    confidence: Number
    frame: str
    link: str


class EvidenceDocument(Document):
    """Some evidence, in the order in which it was asked for; ids that are not there (any more) are left out."""

    evidence: list[EvidenceShown]
