"""Which of the known people a face is, by the vectors they are known by: arrays only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]

LOOK_LIKENESS = 0.70
"""Cosine to one of a person's looks from which a face is theirs."""

PERSON_LIKENESS = 0.66
"""The same for the mean of their looks. Source of both: 49 photos' worth of faces of 25 people out of packages, each in
ten forms (darker, brighter, blurred, turned, mirrored, compressed, down to 26 pixels), in six orders: all pairs put
together were right, and 9 in 10 of those that belong together were found; at .64 one in a hundred is wrong."""

NEW_LOOK = 0.85  # likeness to the nearest look below which a face is a look of its own
MOST_LOOKS = 8
"""Of a person: what is compared does not grow with what is seen. Source: our choice."""


@dataclass(slots=True)
class Look:
    """One vector of a person; ``evidence_id`` "" for a photo."""

    vector: Vector
    weight: int = 1
    video_id: str = ""
    evidence_id: str = ""
    look_id: int | None = None


@dataclass(slots=True)
class Known:
    """A person as they are recognised. ``changed``: whether the looks differ from those that are stored."""

    person_id: str
    looks: list[Look] = field(default_factory=list)
    changed: bool = False

    def add(self, look: Look) -> None:
        """Know them by one more face: as a look of its own, or as more of one that is there."""
        self.changed = True
        again = next((one for one in self.looks if one.evidence_id and one.evidence_id == look.evidence_id), None)
        if again is not None:
            again.vector = look.vector
            return
        if self.looks:
            alike = np.stack([one.vector for one in self.looks]) @ look.vector
            nearest = int(alike.argmax())
            if alike[nearest] >= NEW_LOOK or len(self.looks) >= MOST_LOOKS:
                self.looks[nearest].weight += look.weight
                return
        self.looks.append(look)

    @property
    def weight(self) -> int:
        """How many faces they are known by."""
        return sum(one.weight for one in self.looks)

    @property
    def centre(self) -> Vector:
        """The mean of all looks by their weights: the product of two centres is the mean likeness of all pairs."""
        total = np.sum([one.vector * one.weight for one in self.looks], axis=0)
        return np.asarray(total / max(self.weight, 1), np.float32)

    @property
    def mean(self) -> Vector:
        """The same as a unit vector."""
        return np.asarray(self.centre / max(float(np.linalg.norm(self.centre)), 1e-9), np.float32)


class KnownPeople:
    """All people that a face may be of; asking costs one product with their looks, at most `MOST_LOOKS` each."""

    def __init__(self, people: Iterable[Known] = ()) -> None:
        self.people: dict[str, Known] = {one.person_id: one for one in people if one.looks}
        self._order: list[str] = []
        self._looks = self._means = np.zeros((0, 0), np.float32)
        self._first: list[int] = []
        self._stale = True

    def add(self, person_id: str, look: Look) -> None:
        """A face of a person, who may be new."""
        self.people.setdefault(person_id, Known(person_id)).add(look)
        self._stale = True

    def drop(self, person_id: str) -> None:
        """Somebody who is no longer compared with."""
        if self.people.pop(person_id, None) is not None:
            self._stale = True

    def join(self, stays: str, goes: str) -> None:
        """Know one person by the looks of another one as well, who is dropped and has none any more."""
        person, other = self.people[stays], self.people[goes]
        for look in sorted(other.looks, key=lambda one: -one.weight):
            person.add(look)
        other.looks, other.changed = [], True
        self.drop(goes)

    def nearest(self, vector: Vector, not_them: Collection[str] = ()) -> tuple[str, float] | None:
        """The person that a face is, and how like; None if it is nobody known.

        Args:
            not_them: who it cannot be, because they are elsewhere in the same picture.
        """
        if self._stale:
            self._renew()
        if not self._order:
            return None
        of_looks = np.maximum.reduceat(self._looks @ vector, self._first)
        of_means = self._means @ vector
        surely = np.maximum(of_looks / LOOK_LIKENESS, of_means / PERSON_LIKENESS)
        for row in np.argsort(-surely, kind="stable").tolist():
            if surely[row] < 1.0:
                return None
            if self._order[row] not in not_them:
                return self._order[row], float(max(of_looks[row], of_means[row]))
        return None

    def _renew(self) -> None:
        self._order = list(self.people)
        rows: list[Vector] = []
        self._first = []
        for person_id in self._order:
            self._first.append(len(rows))
            rows += [look.vector for look in self.people[person_id].looks]
        if rows:
            self._looks = np.stack(rows)
            self._means = np.stack([self.people[one].mean for one in self._order])
        self._stale = False


def same_place(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two boxes overlap by at least a third of what they cover together."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return False
    covered = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - width * height
    return 3 * width * height >= covered
