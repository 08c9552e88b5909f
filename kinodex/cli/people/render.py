"""People, for reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kinodex.cli.render.access import line
from kinodex.text import clock, several

if TYPE_CHECKING:
    from rich.console import Console

    from kinodex.schemas.persons import people as schema


def people(console: Console, document: schema.PeopleDocument) -> None:
    """Everybody, a line each."""
    if not document.enabled:
        line(console, "People are switched off: nobody's face is looked at ([perception.faces] enabled).")
    if not document.people:
        line(console, "Nobody's face is known.")
    for one in document.people:
        also = f" ({', '.join(one.also)})" if one.also else ""
        photos = f", {one.photos} photos" if one.photos else ""
        spoken = f", speaks {clock(one.seconds_spoken)} in {several(one.voices, 'video')}" if one.voices else ""
        where = f"{several(one.videos, 'video')}, {clock(one.seconds)}{photos}{spoken}"
        line(console, f"{one.person_id}  {one.shown}{also}  {where}")


def person(console: Console, document: schema.PersonDocument) -> None:
    """One person, where they are seen, and what was decided."""
    also = f" ({', '.join(document.also)})" if document.also else ""
    line(console, f"{document.shown}{also}  {document.person_id}")
    seen = f"{several(document.faces, 'face')} in {several(document.videos, 'video')}"
    line(console, f"{seen}, {clock(document.seconds)}")
    for video in document.seen:
        line(console, f"  {video.name}")
        for face in video.faces:
            sure = "" if face.decided == "person" else f"  like {face.likeness:.2f}"
            line(console, f"    {clock(face.start)}-{clock(face.end)}  {face.evidence_id}{sure}")
    for voice in document.speaking:
        line(
            console, f"  {voice.name}  speaks {clock(voice.seconds)} in {voice.turns} turns, as speaker {voice.speaker}"
        )
    for event in document.decisions:
        likeness = event.detail.get("likeness")
        alike = f", {likeness:.2f} alike" if isinstance(likeness, float) else ""
        other = f" with {event.other_id}{alike}" if event.action == "joined" else ""
        line(console, f"  {event.at}  {event.action}{other}{f' by {event.by}' if event.by else ''}")


def forgotten(console: Console, document: schema.ForgottenDocument) -> None:
    """What was removed."""
    line(
        console,
        f"Forgotten: {document.people} {'person' if document.people == 1 else 'people'}, "
        f"{several(document.faces, 'face')} in {several(document.videos, 'video')}, "
        f"{several(document.voices, 'voice')}; "
        f"{several(document.vectors, 'vector')} removed.",
    )


def imported(console: Console, document: schema.ImportedPeopleDocument) -> None:
    """Who is known now."""
    for one in document.people:
        line(console, f"{one.name}: {one.photos} photos  {one.person_id}")
    for problem in document.problems:
        line(console, f"Left out: {problem.file}: {problem.message}")


def switched(console: Console, document: schema.SwitchedDocument) -> None:
    """What is true of a collection."""
    said = "are looked at" if document.on else "are not looked at"
    line(console, f"Faces and voices in {document.name} {said}. Removed from {document.videos_removed} videos.")
