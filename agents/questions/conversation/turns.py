"""What a conversation has come to, as far as a follow-up can refer to it."""

from __future__ import annotations

from dataclasses import dataclass

from stores.core.records import Span


@dataclass(frozen=True, slots=True)
class Shown:
    """A moment that an answer cited, as it was listed.

    Attributes:
        name: the video's name, as the user sees it.
        text: what was quoted or named there.
    """

    video_id: str
    name: str
    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation.

    Attributes:
        asked: as the user typed it.
        question: as it stands alone.
        answer: the text of the answer; "" if there was none.
        shown: the cited moments, in the order in which they were listed.
        things: what it was about, in the user's words.
        video_ids: the videos that the turn was restricted to; () for the whole library.
        said: who and what the answer named ("Ada Stone", "a lamp").
        claims: the sentences of the answer, each with the place that it cites first.
        abstained: whether it had no answer.
        items: if what was shown is numbered ("Step 2: …"), all that its video has of these, by number.
    """

    asked: str
    question: str
    answer: str = ""
    shown: tuple[Shown, ...] = ()
    things: tuple[str, ...] = ()
    video_ids: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    claims: tuple[tuple[str, Shown], ...] = ()
    items: tuple[Shown, ...] = ()
    abstained: bool = False

    @property
    def videos(self) -> tuple[Shown, ...]:
        """The first shown moment of each video, in the order in which the videos were listed."""
        first: dict[str, Shown] = {}
        for moment in self.shown:
            first.setdefault(moment.video_id, moment)
        return tuple(first.values())


@dataclass(frozen=True, slots=True)
class Standalone:
    """A question that needs no conversation to be understood.

    Attributes:
        text: what is asked.
        video_ids: the videos that it refers to; None if it refers to none.
        moment: the shown moment that it refers to.
        changed: whether anything was taken from the conversation.
        why: what was taken, in a few words, to be shown among the steps of a run.
        more: whether more is wanted of what was shown; what was shown is to be left out.
        language: in which to answer, if the question says so: "en", "zh" or "".
        plain: another wording, closer to what was typed, for the same videos if this one finds nothing; "" for none.
        exact: whether the moment must be kept to: what is asked is of this very place.
    """

    text: str
    video_ids: tuple[str, ...] | None = None
    moment: Shown | None = None
    changed: bool = False
    why: str = ""
    more: bool = False
    language: str = ""
    plain: str = ""
    exact: bool = False
