"""People: whose faces are seen, and what was decided about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kinodex.schemas.base import Document, Number

if TYPE_CHECKING:
    from stores.listing.person_voices import PersonVoice
    from stores.maintenance.people.editing import ForgottenPerson
    from stores.people.records import Person, PersonEvent, PersonFace


class PersonListed(Document):
    """Somebody.

    Attributes:
        name: "" while nobody gave one; shown: what stands for them then.
        seconds: how long they are seen, in all videos that may be seen.
        kept: whether an owner said anything about them.
        voices: in how many videos their voice is known by their face; seconds_spoken: how long it is heard.
    """

    person_id: str
    name: str
    shown: str
    also: list[str]
    faces: int
    videos: int
    seconds: Number
    photos: int
    kept: bool
    voices: int
    seconds_spoken: Number


class PeopleDocument(Document):
    """Everybody.

    Attributes:
        off: ids of the collections in whose videos nobody's face is looked at.
        enabled: whether the settings have faces looked at; what was found before stays.
    """

    people: list[PersonListed]
    off: list[str]
    enabled: bool


class AlikePerson(PersonListed):
    """Somebody who looks like a person; ``likeness``: cosine of their nearest looks."""

    likeness: Number


class AlikeDocument(Document):
    """Who may be the same person, the likest first; nobody is merged by that."""

    people: list[AlikePerson]


class FaceSeen(Document):
    """Where a person is seen; seconds. ``decided``: ``automatic`` or ``person``."""

    evidence_id: str
    start: Number
    end: Number
    likeness: Number
    decided: str


class VoiceInVideo(Document):
    """A voice of one video that goes with the face of a person, by its number there."""

    video_id: str
    name: str
    speaker: int
    turns: int
    seconds: Number
    confidence: Number


class SeenInVideo(Document):
    """A video in which a person is seen."""

    video_id: str
    name: str
    seconds: Number
    faces: list[FaceSeen]


class PersonDecision(Document):
    """What was decided: who, when (ISO 8601), what."""

    at: str
    by: str
    action: str
    person_id: str
    other_id: str
    detail: dict[str, Any]


class PersonDocument(PersonListed):
    """A person, and where they are seen and heard."""

    seen: list[SeenInVideo]
    speaking: list[VoiceInVideo]
    decisions: list[PersonDecision]


class ForgottenDocument(Document):
    """What was removed of people. ``voices``: those told apart in a video; ``vectors``: of faces and voices."""

    people: int
    faces: int
    videos: int
    voices: int
    vectors: int


class ImportedPerson(Document):
    """Somebody who is known by photos now."""

    person_id: str
    name: str
    photos: int


class PhotoProblem(Document):
    """A photo that says nothing about anybody, and why."""

    file: str
    message: str


class ImportedPeopleDocument(Document):
    """What an import of photos did."""

    people: list[ImportedPerson]
    problems: list[PhotoProblem]


class SwitchedDocument(Document):
    """Whether faces are looked at in a collection; from how many videos what was found was removed."""

    collection_id: str
    name: str
    on: bool
    videos_removed: int


def listed(one: Person, voices: Sequence[PersonVoice]) -> dict[str, Any]:
    """The fields of `PersonListed`; ``voices`` of that person."""
    names = ("person_id", "name", "shown", "faces", "videos", "seconds", "photos", "kept")
    return {
        **{name: getattr(one, name) for name in names},
        "also": list(one.also),
        "voices": len({voice.video_id for voice in voices}),
        "seconds_spoken": round(sum(voice.seconds for voice in voices), 3),
    }


def people(found: Sequence[Person], voices: Sequence[PersonVoice], off: Sequence[str], enabled: bool) -> PeopleDocument:
    """The document of all."""
    by_person = _by_person(voices)
    shown = [PersonListed(**listed(one, by_person.get(one.person_id, ()))) for one in found]
    return PeopleDocument(people=shown, off=list(off), enabled=enabled)


def alike(found: Sequence[tuple[Person, float]], voices: Sequence[PersonVoice]) -> AlikeDocument:
    """The document of those who look like somebody, each with how like."""
    by_person = _by_person(voices)
    shown = [AlikePerson(**listed(one, by_person.get(one.person_id, ())), likeness=likeness) for one, likeness in found]
    return AlikeDocument(people=shown)


def _by_person(voices: Sequence[PersonVoice]) -> dict[str, list[PersonVoice]]:
    by_person: dict[str, list[PersonVoice]] = {}
    for voice in voices:
        by_person.setdefault(voice.person_id, []).append(voice)
    return by_person


def person(
    one: Person,
    faces: Sequence[PersonFace],
    voices: Sequence[PersonVoice],
    names: Mapping[str, str],
    events: Sequence[PersonEvent],
) -> PersonDocument:
    """The document of one; ``names`` of the videos by id."""
    by_video: dict[str, list[PersonFace]] = {}
    for face in faces:
        by_video.setdefault(face.video_id, []).append(face)
    seen = [
        SeenInVideo(
            video_id=video_id,
            name=names.get(video_id, video_id),
            seconds=round(sum(face.end - face.start for face in of_video), 3),
            faces=[
                FaceSeen(
                    evidence_id=face.evidence_id,
                    start=face.start,
                    end=face.end,
                    likeness=face.likeness,
                    decided=face.decided,
                )
                for face in of_video
            ],
        )
        for video_id, of_video in by_video.items()
    ]
    decisions = [
        PersonDecision(
            at=datetime.fromtimestamp(event.at, UTC).isoformat(timespec="seconds"),
            by=event.by_name,
            action=event.action,
            person_id=event.person_id,
            other_id=event.other_id,
            detail=dict(event.detail),
        )
        for event in events
    ]
    speaking = [
        VoiceInVideo(
            video_id=voice.video_id,
            name=names.get(voice.video_id, voice.video_id),
            speaker=voice.speaker,
            turns=voice.turns,
            seconds=voice.seconds,
            confidence=voice.confidence,
        )
        for voice in sorted(voices, key=lambda voice: -voice.seconds)
    ]
    seen.sort(key=lambda video: -video.seconds)
    return PersonDocument(**listed(one, voices), seen=seen, speaking=speaking, decisions=decisions)


def forgotten(gone: Sequence[ForgottenPerson]) -> ForgottenDocument:
    """The document of what was removed."""
    return ForgottenDocument(
        people=len(gone),
        faces=sum(one.faces for one in gone),
        videos=len(frozenset().union(*(one.video_ids for one in gone))),
        voices=sum(one.voices for one in gone),
        vectors=sum(one.vectors for one in gone),
    )
