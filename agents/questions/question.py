"""The form in which a question is understood. Planning, look-ups, drafting and checking read this and not the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agents.words import Term

Intent = Literal[
    "find",
    "fact",
    "quote",
    "shown",
    "who",
    "when",
    "where",
    "count",
    "which_videos",
    "compare",
    "order",
    "summarise",
    "tags",
    "metadata",
    "nothing",
]
"""What is to be done.

``find``: moments that show or say something; ``fact``: a thing that was said or read (a price, a date, a reason, what
something is for); ``quote``: the words that were said or written about something; ``shown``: what is seen (objects,
colours, what somebody holds or does); ``who``; ``when``: at what time of the video, when first, how long, how often;
``where``: a place; ``count``: how many things, people, videos, mentions; ``which_videos``: a list of videos with a
moment each; ``compare``: two videos or two things; ``order``: what comes before or after something, first, last, the
steps; ``summarise``: a video or the library; ``tags``; ``metadata``: length, size, sound, dates of a file;
``nothing``: no question to a library (`Question.idle`).
"""

Wants = Literal[
    "anything",
    "name",
    "number",
    "price",
    "date",
    "place",
    "colour",
    "object",
    "action",
    "time",
    "duration",
    "reason",
    "text",
]
"""The kind of thing that an answer must contain."""

Source = Literal["speech", "screen", "words", "picture", "sound"]
"""Where the answer must be: in speech, on screen, in either (``words``), in the ``picture``, or in what is heard
besides words (``sound``)."""

Relation = Literal["", "before", "after", "first", "last", "most", "least", "between"]
"""How the answer stands to ``anchor`` in time, or among others."""

Idle = Literal["", "empty", "greeting", "gibberish", "world_knowledge", "command"]
"""Why there is nothing to answer; "" for a question to the library."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, analysed.

    Attributes:
        text: as it stands alone, without names of videos and without politeness.
        terms: its content words.
        source: where the answer must be.
        wants: restricts what counts as an answer.
        chinese: whether to answer in Chinese.
        yes_or_no: whether it asks if something is so; then only what it names is an answer.
        overview: whether it asks what there is, or what is said or written, without naming a topic. That can be
            answered for one video, not for a whole library.
        subject: of an overview, the content words for the person who says or writes something.
        intent: what is to be done.
        relation: to ``anchor``; "" for none.
        anchor: content words of what the answer comes before or after; of a comparison, of the second thing.
        things: names of what is counted, compared, timed or looked for in pictures, as in the text ("red cars");
            Chinese ones in Simplified characters.
        idle: why there is nothing to answer.
        confidence: of the intent, in [0, 1].
        idle_strength: how likely it is that there is nothing to answer, in [0, 1]. Of ``world_knowledge`` and
            ``gibberish`` it is below 1: the library may hold it all the same, and the answer may go by `otherwise` if a
            line says so word for word ("The capital of France is Paris").
        otherwise: the intent if it is a question to the library; the same as ``intent`` unless that is ``nothing``.
    """

    text: str
    terms: tuple[Term, ...]
    source: Source
    wants: Wants
    chinese: bool
    yes_or_no: bool = False
    overview: bool = False
    subject: tuple[Term, ...] = ()
    intent: Intent = "fact"
    relation: Relation = ""
    anchor: tuple[Term, ...] = ()
    things: tuple[str, ...] = ()
    idle: Idle = ""
    confidence: float = 1.0
    idle_strength: float = 0.0
    otherwise: Intent = "fact"
