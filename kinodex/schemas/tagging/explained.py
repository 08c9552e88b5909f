"""What was recalled for one video, by which source, and what became of it; and what imports of hints did."""

from __future__ import annotations

from kinodex.schemas.api.vocabulary import TagsChanged
from kinodex.schemas.base import Document, Number
from kinodex.schemas.tags import ImportedDocument


class SourceWorth(Document):
    """What one source says of a tag: ``worth`` is a probability; ``evidence``: ids of the lines that it rests on;
    ``why``: in plain words, "" where the source does not say it."""

    source: str
    worth: Number
    evidence: list[str]
    why: str


class CandidateDocument(Document):
    """A tag that was recalled.

    Attributes:
        outcome: ``accepted``, ``abstained`` (left to a person) or ``dropped``.
        why: what kept it from being accepted; "" if it is.
    """

    tag_id: str
    name: str
    facet: str
    confidence: Number
    outcome: str
    why: str
    sources: list[SourceWorth]


class SourceShare(Document):
    """What one source brought: tags, of which so many were accepted, and so many by no other source as surely."""

    source: str
    recalled: int
    accepted: int
    strongest: int


class ExplainedDocument(Document):
    """Everything that was recalled for one video, the surest first.

    Attributes:
        accept, abstain: confidences from which a tag is accepted, and left to a person.
    """

    video_id: str
    uri: str
    accept: Number
    abstain: Number
    sources: list[SourceShare]
    candidates: list[CandidateDocument]


class ProductsImportedDocument(Document):
    """What an import of products did; ``unknown``: videos that are not in the library."""

    products: int
    attached: int
    total: int
    unknown: list[str]


class SearchesImportedDocument(Document):
    """What an import of searches did; ``unknown``: videos that are not in the library."""

    clicks: int
    unknown: list[str]


class SearchesDocument(Document):
    """How many openings after a search are kept, and whether this library's own are logged."""

    imported: int
    logged: int
    logging: bool


class ForgottenDocument(Document):
    """How many were removed."""

    removed: int


class DecidedTag(Document):
    """For how many videos a tag was accepted, and left to a person."""

    tag_id: str
    name: str
    accepted: int
    abstained: int


class RetaggedDocument(Document):
    """What was decided about some tags; ``looked_at``: videos that they might fit; ``unknown``: no active tags."""

    looked_at: int
    tags: list[DecidedTag]
    unknown: list[str]


class ChangedAndDecided(TagsChanged):
    """What a change of tags did; ``decided``: what was decided about them at once, None if that is left for later."""

    decided: RetaggedDocument | None = None


class ImportedAndDecided(ImportedDocument):
    """What an import of tags did; ``decided`` as of `ChangedAndDecided`."""

    decided: RetaggedDocument | None = None


class DecidedAtOnce(Document):
    """What was decided at once about tags that changed; null if that is left to a job that tags all videos."""

    decided: RetaggedDocument | None
