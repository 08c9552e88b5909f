"""What of a conversation somebody sees now: access may have been taken away since it was answered.

What rests on videos that its reader does not see is withheld as what rests on forgotten videos is removed
(`stores.threads.removal`): claims that cite one of them, the answer that contained these, and the steps that led there.
Turns after such a one knew its answer, so their questions are shown as they were asked. What was counted over videos is
withheld, too, unless all collections that were counted over are still seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from stores.threads.records import WITHHELD, RunEvent, Thread, Turn

OUTLINE = frozenset({"begun", "resumed", "removed", "ended"})
"""Kinds of events that say nothing about videos."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody sees.

    Attributes:
        known: ids of the videos; None for all, and then nothing is withheld.
        still: whether everything that was noted in ``Turn.seen_as`` is still seen.
    """

    known: frozenset[str] | None
    still: Callable[[str], bool]

    def thread(self, one: Thread) -> Thread:
        """A thread with the videos it is about that are seen."""
        if self.known is None or one.video_ids is None:
            return one
        return replace(one, video_ids=tuple(video_id for video_id in one.video_ids if video_id in self.known))

    def turns(self, turns: Sequence[Turn]) -> list[Turn]:
        """Turns of one thread, in their order from the first one on."""
        shown: list[Turn] = []
        knew = False
        for one in turns:
            hidden = self.hides(one)
            shown.append(self._shown(one, hidden) if hidden or knew else one)
            knew = knew or hidden
        return shown

    def hides(self, one: Turn) -> bool:
        """Whether something of a turn is withheld."""
        if self.known is None:
            return False
        if not self.known.issuperset(one.videos) or not self.still(one.seen_as):
            return True
        return any(cited.video_id not in self.known for claim in one.claims for cited in claim.citations)

    def _shown(self, one: Turn, hidden: bool) -> Turn:
        alone = one.question if one.stand_alone else ""
        if not hidden:
            return replace(one, stand_alone=alone)
        assert self.known is not None
        whole = self.still(one.seen_as)
        claims = tuple(
            claim
            for claim in one.claims
            if (whole or not (claim.sql or claim.value))
            and claim.citations
            and all(cited.video_id in self.known for cited in claim.citations)
        )
        return replace(
            one,
            stand_alone=alone,
            answer=WITHHELD if one.answer else "",
            claims=claims,
            removed=True,
            error_message="",
            videos=tuple(video_id for video_id in one.videos if video_id in self.known),
        )

    def events(self, events: Sequence[RunEvent], hidden: bool) -> list[RunEvent]:
        """The events of a turn; of one that is hidden only that it was begun and ended. Numbers stay."""
        if not hidden:
            return list(events)
        return [replace(one, payload={}) for one in events if one.kind in OUTLINE]


ALL = Seen(None, lambda _: True)
"""What the owner of a library sees."""
