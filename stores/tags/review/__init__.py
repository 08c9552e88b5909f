"""Decisions by people: what they should look at first, what they decided, and taking it back exactly."""

from stores.tags.review.asking import COUNTED, ReviewItem, Waiting, spread
from stores.tags.review.events import Event
from stores.tags.review.store import MOST, Judgement, Merged, Review, Reviewer, ReviewStore, Verdict

__all__ = [
    "COUNTED",
    "MOST",
    "Event",
    "Judgement",
    "Merged",
    "Review",
    "ReviewItem",
    "ReviewStore",
    "Reviewer",
    "Verdict",
    "Waiting",
    "spread",
]
