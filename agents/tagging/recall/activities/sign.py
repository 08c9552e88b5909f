"""What speaks for an activity."""

from __future__ import annotations

from typing import NamedTuple


class Sign(NamedTuple):
    """One of its signs: how surely it is there, in [0, 1]; the evidence, best first; and what it is, in plain words."""

    degree: float
    evidence_ids: tuple[str, ...] = ()
    words: str = ""

    def called(self, words: str) -> Sign:
        """The same in other words."""
        return self._replace(words=words)


ABSENT = Sign(0.0)


def surest(*signs: Sign) -> Sign:
    """The one that is there most surely."""
    return max(signs, key=lambda sign: sign.degree, default=ABSENT)
