"""Diarisation error rate: how much of the speech is given to nobody, to the wrong voice, or found where none is.

Source: NIST, The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan, section 6: missed speech, false
alarms and confusions over the spoken time, under the mapping of voices to speakers that is best, without a collar of
0.25 s on either side of where the reference begins and ends a turn.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

Turn = tuple[float, float, Hashable]
"""Start and end in seconds, and who speaks."""

COLLAR = 0.25


@dataclass(frozen=True, slots=True)
class DiarizationError:
    """Seconds of each kind of error, and of speech that was judged."""

    missed: float
    false_alarm: float
    confusion: float
    spoken: float

    @property
    def rate(self) -> float:
        """The diarisation error rate; 0 is best, and it may exceed 1."""
        wrong = self.missed + self.false_alarm + self.confusion
        return wrong / self.spoken if self.spoken else float(wrong > 0)

    def __add__(self, other: DiarizationError) -> DiarizationError:
        return DiarizationError(
            self.missed + other.missed,
            self.false_alarm + other.false_alarm,
            self.confusion + other.confusion,
            self.spoken + other.spoken,
        )


def diarization_error(reference: Sequence[Turn], found: Sequence[Turn], collar: float = COLLAR) -> DiarizationError:
    """The error of ``found``; turns of several speakers may overlap, those of one are counted once."""
    edges = {0.0, *(edge for turn in (*reference, *found) for edge in turn[:2])}
    for start, end, _ in reference:
        edges |= {start - collar, start + collar, end - collar, end + collar}
    times = np.array(sorted(edges))
    lengths, middles = np.diff(times), (times[:-1] + times[1:]) / 2
    judged = np.ones(len(middles), bool)
    for edge in (edge for turn in reference for edge in turn[:2]):
        judged &= np.abs(middles - edge) >= collar
    lengths = lengths * judged
    truth, active = _activity(reference, middles), _activity(found, middles)
    together = (truth * lengths) @ active.T
    rows, columns = linear_sum_assignment(-together)
    right = float(together[rows, columns].sum())
    said, said_found = truth.sum(axis=0), active.sum(axis=0)
    spoken = float((said * lengths).sum())
    both = float((np.minimum(said, said_found) * lengths).sum())
    return DiarizationError(
        missed=float((np.maximum(0, said - said_found) * lengths).sum()),
        false_alarm=float((np.maximum(0, said_found - said) * lengths).sum()),
        confusion=max(0.0, both - right),
        spoken=spoken,
    )


def _activity(turns: Iterable[Turn], middles: np.ndarray) -> np.ndarray:
    """(speakers, times) 1.0 where each speaks."""
    some = list(turns)
    names = list(dict.fromkeys(name for _, _, name in some))
    active = np.zeros((len(names), len(middles)))
    for start, end, name in some:
        active[names.index(name), (middles >= start) & (middles < end)] = 1.0
    return active
