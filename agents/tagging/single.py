"""What the sources say of one tag in a video, for a fraction of what it costs to ask them about all tags."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

from agents.tagging.recall import OF_OTHERS, SOURCES, Case, Recalled
from agents.tagging.recall.pictures import place_alone
from agents.tagging.recall.texts import text_alone
from agents.tagging.vocabulary import TagVectors
from encoders.bundle import Encoders


@dataclass(frozen=True, slots=True)
class OneTag:
    """A tag of a library, alone; ``number``: its place in the ``whole`` library."""

    whole: TagVectors
    number: int
    alone: TagVectors

    @property
    def tag_id(self) -> str:
        """Its id."""
        return self.whole.tags[self.number].tag_id


def one_tag(tags: TagVectors, tag_id: str, encoders: Encoders) -> OneTag:
    """An active tag of a library. Raises StopIteration if it is none."""
    number = next(number for number, tag in enumerate(tags.tags) if tag.tag_id == tag_id)
    return OneTag(tags, number, tags.only(number, encoders))


def recall_alone(case: Case, one: OneTag) -> list[Recalled]:
    """What all sources say of a tag, but those that only give tags of other videos.

    The same as they say of it among all tags, with two differences, both of weak candidates only: where more than
    `Case.top` tags are surer along a source, that source says it all the same; and what is near to nothing is left out.
    """
    seen = copy(case.seen)
    seen.kept = {}
    alone = Case(case.video_id, case.store, case.encoders, one.alone, seen, case.top)
    place_alone(alone, one.whole, one.number)
    words = text_alone(alone, one.whole, one.number)
    for name, source in SOURCES.items():
        if name not in OF_OTHERS and name != "text":
            words += source(alone)
    return words
