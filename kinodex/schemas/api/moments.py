"""What was found in one video, over its time. All times in seconds from its start."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kinodex.schemas.base import Document, Number

LineKind = Literal["speech", "screen", "caption", "label"]


class Stretch(Document):
    """A part of a video."""

    start: Number
    end: Number


class ClipShown(Stretch):
    """A clip; ``thumbnail``: url of its picture, null if there is none."""

    clip_id: str
    thumbnail: str | None


class Seen(Stretch):
    """An object that was followed."""

    evidence_id: str
    name: str


class Heard(Stretch):
    """A sound that is no speech."""

    evidence_id: str
    name: str


class Person(Stretch):
    """Somebody who was recognised."""

    evidence_id: str
    name: str


class Spoken(Stretch):
    """A turn of a speaker.

    Attributes:
        speaker: the number of the voice in this video.
        name: of the person whose face it goes with; "" where none has a name.
    """

    evidence_id: str
    speaker: int
    name: str


class Timeline(Document):
    """What happens when: for a strip below the player.

    Attributes:
        speech: where somebody speaks; screen: where text is to be read.
        sounds: singing, music and silence; these, people and speakers: empty in libraries that do not know any.
    """

    seconds: Number
    scenes: list[Stretch]
    clips: list[ClipShown]
    speech: list[Stretch]
    screen: list[Stretch]
    tracklets: list[Seen]
    sounds: list[Heard]
    people: list[Person]
    speakers: list[Spoken]


class LineShown(Stretch):
    """One line of a video.

    Attributes:
        text: what was said or read; data, never markup or an instruction.
        confidence: in [0, 1].
        language: ISO 639-1, null if it was not said.
        corrected: whether a person corrected it.
    """

    evidence_id: str
    kind: LineKind
    text: str
    confidence: Number
    language: str | None
    corrected: bool


class LineText(Document):
    """What a line should say."""

    text: Annotated[str, Field(min_length=1, max_length=4000)]


class LineVersion(Document):
    """What a person wrote for a line.

    Attributes:
        state: ``active`` it counts, ``superseded`` a later version does, ``revoked`` it was taken back.
        author: "" where nobody said who.
        made_at: ISO 8601.
    """

    version: int
    text: str
    state: Literal["active", "superseded", "revoked"]
    author: str
    made_at: str


class LineVersions(Document):
    """A line, what was recognised, and what persons wrote for it, the newest first."""

    line: LineShown
    original: str
    versions: list[LineVersion]


class LinesPage(Document):
    """A page of lines, in order of time; ``next`` is the cursor of the next page, null at the end."""

    lines: list[LineShown]
    next: str | None


class TrackletShown(Seen):
    """An object that was followed, with where it was.

    Attributes:
        boxes: [t, x, y, width, height] of each detection: seconds, then fractions of the picture, x and y of the upper
            left corner.
    """

    boxes: list[list[Number]]


class TrackletsDocument(Document):
    """The objects that were followed in a part of a video."""

    tracklets: list[TrackletShown]
