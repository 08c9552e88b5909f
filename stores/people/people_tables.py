"""The tables of people."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from stores.sql.tables import Base, JsonList


class PersonRow(Base):
    """`records.Person`. ``folded``: the key of the name; ``kept``: whether a person of flesh and blood said anything
    about them, so that no clustering makes them vanish."""

    __tablename__ = "people"
    person_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    folded: Mapped[str] = mapped_column(index=True)
    also: Mapped[JsonList]
    kept: Mapped[bool]
    made_at: Mapped[float]


class PersonFaceRow(Base):
    """Whose face a track is. The span in ticks of the video; ``box``: of the face in the middle of it.

    ``likeness``: to the person when it was decided; ``decided``: ``automatic``, or ``person`` for what no clustering
    changes.
    """

    __tablename__ = "person_faces"
    evidence_id: Mapped[str] = mapped_column(primary_key=True)
    video_id: Mapped[str] = mapped_column(index=True)
    person_id: Mapped[str] = mapped_column(index=True)
    start_tick: Mapped[int]
    end_tick: Mapped[int]
    box: Mapped[JsonList]
    likeness: Mapped[float]
    decided: Mapped[str]


class PersonLookRow(Base):
    """A vector by which a person is recognised: of a face track, or of a photo (then ``video_id`` is "").

    ``weight``: how many tracks it stands for.
    """

    __tablename__ = "person_looks"
    look_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    person_id: Mapped[str] = mapped_column(index=True)
    collection: Mapped[str]
    video_id: Mapped[str] = mapped_column(index=True)
    evidence_id: Mapped[str]
    vector: Mapped[bytes]
    weight: Mapped[int]


class PersonRunRow(Base):
    """The run of the stage ``faces`` of a video whose tracks have been assigned to people."""

    __tablename__ = "person_runs"
    video_id: Mapped[str] = mapped_column(primary_key=True)
    run: Mapped[str]


class ForgottenFaceRow(Base):
    """Where a forgotten person's face was, or (without a box) when their voice was heard: found there again, its vector
    is removed again. No vector is kept. ``at``: one for all that was forgotten together."""

    __tablename__ = "forgotten_faces"
    evidence_id: Mapped[str] = mapped_column(primary_key=True)
    video_id: Mapped[str] = mapped_column(index=True)
    start_tick: Mapped[int]
    end_tick: Mapped[int]
    box: Mapped[JsonList]
    at: Mapped[float]


class FacesOffRow(Base):
    """A collection in whose videos nobody's face is looked at."""

    __tablename__ = "faces_off"
    collection_id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[float]


class PersonEventRow(Base):
    """What somebody decided about people: who, when, what. Of a forgotten person no name stays."""

    __tablename__ = "person_events"
    event_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at: Mapped[float]
    by_name: Mapped[str]
    action: Mapped[str]
    person_id: Mapped[str]
    other_id: Mapped[str]
    detail: Mapped[dict[str, Any]]


Index("events_of_person", PersonEventRow.person_id, PersonEventRow.event_id)
