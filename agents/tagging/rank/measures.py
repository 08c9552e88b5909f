"""What rankers are for, and how good they are at it on judged pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.tagging.rank.decide import ACCEPT
from agents.tagging.rank.lessons import Floats, Lessons


@dataclass(frozen=True, slots=True)
class Goal:
    """What is done with probabilities.

    Attributes:
        choose: of probabilities (n,) of judged pairs, (n,) bool: which tags a video gets.
        by_f1: F1 of what is chosen decides between rankers: right for lists of a fixed length, where only the order
            counts. Else log loss does, and F1 may not fall: right where single pairs are judged and thresholds matter.
    """

    choose: Callable[[Lessons, Floats], NDArray[np.bool_]]
    by_f1: bool = False

    def f1(self, lessons: Lessons, probability: Floats) -> float:
        """Of what is chosen, over all judgements."""
        chosen = self.choose(lessons, probability)
        return f1(int((chosen & lessons.accepted).sum()), int(chosen.sum()), int(lessons.accepted.sum()))


def accepting() -> Goal:
    """Tags are accepted from a threshold on."""
    return Goal(lambda _, probability: probability >= ACCEPT)


def listing(count: int) -> Goal:
    """Each video gets its ``count`` likeliest tags; every tag of each is judged."""

    def choose(lessons: Lessons, probability: Floats) -> NDArray[np.bool_]:
        chosen = np.zeros(len(lessons), np.bool_)
        if _is_table(lessons):
            table = probability.reshape(-1, len(lessons.tags))
            first = np.argsort(-table, axis=1, kind="stable")[:, :count]
            np.put_along_axis(chosen.reshape(table.shape), first, True, axis=1)
            return chosen
        order = np.lexsort((lessons.tag, -probability, lessons.video))
        video = lessons.video[order]
        starts = np.flatnonzero(np.r_[True, video[1:] != video[:-1]])
        place = np.arange(len(video)) - np.repeat(starts, np.diff(np.r_[starts, len(video)]))
        chosen[order[place < count]] = True
        return chosen

    return Goal(choose, by_f1=True)


def f1(hits: float, chosen: float, true: float) -> float:
    """The harmonic mean of precision and recall; 0 of nothing."""
    return 2.0 * hits / (chosen + true) if chosen + true else 0.0


def _is_table(lessons: Lessons) -> bool:
    """Whether the judgements are all tags of one video, in their order, then of the next one."""
    width = len(lessons.tags)
    if not width or len(lessons) % width:
        return False
    video = lessons.video.reshape(-1, width)
    tags = lessons.tag.reshape(-1, width) == np.arange(width)
    return bool((video == video[:, :1]).all() and (np.diff(video[:, 0]) > 0).all() and tags.all())
