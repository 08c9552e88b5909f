"""Drafting claims without a language model: by what is asked, the parts that may know it are tried in turn."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from agents.answering.checking.wording import base, tokens
from agents.answering.claims import Claim, cite
from agents.answering.drafting.comparing import asks_for_length, asks_which_more, asks_who_won, draft_comparison
from agents.answering.drafting.counting import asks_for_videos, draft_count
from agents.answering.drafting.enumerated import (
    asks_for_all_numbered,
    asks_for_numbered,
    asks_how_many_numbered,
    draft_all_numbered,
    draft_enumerated,
    draft_numbered,
)
from agents.answering.drafting.listing import draft_metadata, draft_moments, draft_tags, draft_videos, tag_named
from agents.answering.drafting.material import Material
from agents.answering.drafting.narrowing import draft_asked, draft_narrowed
from agents.answering.drafting.passages import asks_for_title, draft_passage, draft_title
from agents.answering.drafting.recognised.people import draft_people
from agents.answering.drafting.recognised.seen import asks_direction, draft_seen, names_a_kind
from agents.answering.drafting.recognised.sounds import draft_sounds
from agents.answering.drafting.recognised.speaking import draft_speaking
from agents.answering.drafting.showing import says_more
from agents.answering.drafting.summaries import draft_summary
from agents.answering.drafting.times import asks_how_often, draft_times, in_the_video, without_when
from agents.answering.from_text import draft_from_text
from agents.answering.text.units import RankedLine
from agents.questions.question import Intent, Question, Wants
from agents.questions.speaking import AsksWhat, asks_about_speakers
from agents.sounds import sounds_in
from agents.words import Term, coverage
from encoders.sound_names import SILENCE
from stores.core.records import Evidence

SUPPORT = 0.5
"""Share of the question's words that a line must say for its time to be an answer."""

_TAGS = re.compile(r"\btag(?:s|ged)?\b|标签", re.I)
_LOOSE: frozenset[Wants] = frozenset(("anything", "text", "reason", "action", "object"))
"""Kinds of answers that a passage may hold without a reader having found them in it."""

_CHANNEL = frozenset(
    "written write text word screen display displayed said say spoken speech talk subtitle caption sign "
    "写 写着 文字 字幕 屏幕 画面 说 讲 台词".split()
)

_SHOW = re.compile(
    r"^\W*(?:please )?(?:show|find|take|jump|go|play|open|bring|get|look|search|where (?:can|do) (?:i|we|you))\b|"
    r"^\W*(?:请|帮我)?(?:找|播放|跳|看|给我|搜|打开|哪里能|在哪)",
    re.I,
)

_WHICH_KIND = re.compile(
    r"^\W*(?:what|which) (?!videos?|clips?|files?)\w+(?: \w+)? (?:can|are|is|do|does|appear)\b|"
    r"(?:哪些|什么|哪种)(?!视频|片段|时候|地方)[^，。？?]{1,4}$|(?:有|看到|出现)[^，。？?]{0,3}(?:哪些|什么)",
    re.I,
)
"""Things of a kind are asked for, and not moments."""

_MOMENT = re.compile(
    r"^\W*(?:please )?(?:(?:show|find|get|bring|give)(?: me)? (?:the |a )?(?:scenes?|moments?|parts?|bits?|shots?)\b|"
    r"(?:take|jump|go|skip|bring)\b.*?\bto (?:where|when|the (?:part|moment|scene|bit|point))\b|"
    r"where (?:can|do) (?:i|we|you) (?:see|find|watch|spot)\b)|"
    r"^\W*(?:请|帮我)?(?:找|播放|跳到|给我看|搜).*(?:画面|镜头|片段|地方|部分|时刻|场景)|^\W*(?:哪里|在哪里?)(?:能|可以)看",
    re.I,
)
"""What is to be played and not told."""

Part = Callable[[Material, Sequence[RankedLine]], list[Claim]]


def draft(
    material: Material, ranked: Sequence[RankedLine], accepted: Callable[[Sequence[Claim]], Sequence[Claim]]
) -> list[Claim]:
    """Claims that answer the question, from the first part that has any that stand.

    Args:
        ranked: lines about the question, the best first (`agents.answering.lines`).
        accepted: the checker: those of some claims that are supported.
    """
    question = material.question
    if question.intent == "nothing":
        return []
    rejected: list[Claim] = []
    parts = _parts(material)
    if question.intent not in ("count", "compare", "tags", "metadata"):
        parts = (_people, *parts)
    if _narrowed in parts and question.intent != "find" and question.wants in _LOOSE:
        parts = (*parts, _passage)
    elif question.intent in ("fact", "shown", "where", "find"):
        parts = (*parts, _caption)
    if asks_for_title(question.text):
        parts = (*parts, _title)
    if question.source == "sound":
        # That a file has no sound is told as a property of it.
        of_file = question.intent == "metadata" or asks_for_videos(question.text)
        parts = (*parts, _sounds) if of_file and SILENCE in sounds_in(question.text) else (_sounds, *parts)
    if (speakers := asks_about_speakers(question.text)) is not None:
        # Nothing else knows which voice has a number.
        numbered = isinstance(speakers, AsksWhat) and speakers.number is not None
        parts = (_speaking,) if numbered else (_speaking, *parts)
    for part in parts:
        claims = part(material, ranked)
        kept = list(accepted(claims)) if claims else []
        if kept:
            return kept
        rejected = rejected or claims
    return rejected  # the check says why


def _parts(material: Material) -> tuple[Part, ...]:
    question = material.question
    if question.overview or question.intent == "summarise" or _of_a_channel(material):
        return (_summary,)
    asks_for_things = question.wants in ("anything", "object", "action") and not question.yes_or_no
    if asks_for_things and question.source == "picture" and question.intent in ("shown", "fact"):
        return (_captioned, *_other_parts(material))
    return _other_parts(material)


def _other_parts(material: Material) -> tuple[Part, ...]:
    question = material.question
    if asks_who_won(question.text) or (question.yes_or_no and asks_which_more(question.text)):
        return (_compare, _from_text, _narrowed)
    if asks_for_length(question.text) and question.intent in ("metadata", "compare", "which_videos"):
        return (_compare,) if len(material.named) != 1 and not _of_one(question) else (_metadata,)
    if _TAGS.search(question.text) and question.intent in ("tags", "which_videos", "find", "shown", "fact"):
        # That no video has a tag is told by nothing else.
        known = not material.named and tag_named(material) is not None
        return (_tags,) if known else (_tags, _videos, _from_text, _narrowed)
    if asks_direction(question.text):
        return (_seen,)
    if asks_for_videos(question.text):
        return (_videos, _from_text)
    if question.yes_or_no and question.intent in ("find", "where", "shown"):
        return (_from_text, _narrowed, _seen) if says_more(material) else (_moments, _from_text, _narrowed)
    if question.intent in ("when", "order") and question.wants == "time" and in_the_video(question):
        return (_times,)
    if question.intent == "when" and in_the_video(question):
        return (_times,)
    if asks_for_numbered(question.text):
        return (_numbered, _from_text, _narrowed)
    if asks_for_all_numbered(question.text) and question.wants != "number":
        return (_all_numbered, *_BY_INTENT[question.intent])
    if _MOMENT.search(question.text) and not question.yes_or_no and question.intent in ("fact", "quote", "where"):
        return (_moments, _from_text, _narrowed)
    if asks_how_often(question.text) and question.source == "picture":
        return (_times, _from_text)
    if asks_how_many_numbered(question.text):
        return (_enumerated, _from_text, _narrowed, _count)
    if question.wants == "number" and question.intent in ("count", "order", "fact"):
        from_words = (_from_text, _narrowed)
        return (_enumerated, *from_words, _count) if says_more(material) else (_enumerated, _count, *from_words)
    if _kind_beside(question) and names_a_kind(material):
        return (_kind_seen,)
    if question.intent == "shown" and question.source in ("speech", "screen"):
        return (_from_text, _narrowed, _seen)
    if question.intent == "fact" and question.wants in ("object", "colour", "action"):
        return (_from_text, _narrowed, _seen) if question.source == "picture" else (_from_text, _narrowed)
    if question.intent == "fact" and question.wants == "anything" and question.source == "picture":
        return (_from_text, _narrowed, _kind_seen)
    if question.intent == "when":
        return (_from_text, _narrowed)
    if question.intent == "which_videos" and material.named:
        return (_seen, _videos, _from_text, _narrowed)
    if material.named and _WHICH_KIND.search(question.text) and question.intent == "find":
        return (_seen, _moments, _from_text)
    if question.intent == "find" and not question.yes_or_no and not _SHOW.search(question.text):
        return (_from_text, _narrowed, _moments)
    return _BY_INTENT[question.intent]


def _of_a_channel(material: Material) -> bool:
    """Whether it is asked what is said, or what is written, in a video that is named, and nothing more."""
    question = material.question
    if not material.named or question.source not in ("speech", "screen") or question.yes_or_no:
        return False
    return question.intent == "quote" and all(term.text in _CHANNEL for term in question.terms)


def _kind_beside(question: Question) -> bool:
    """Whether it may be a kind of thing that is to be seen before or after another one."""
    return question.intent == "order" and question.source == "picture" and question.relation in ("before", "after")


def _of_one(question: Question) -> bool:
    return question.relation == "" and len(question.things) < 2


def _people(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_people(material)


def _from_text(material: Material, ranked: Sequence[RankedLine]) -> list[Claim]:
    videos = material.within
    return draft_from_text(material.question, ranked, material.encoders, video_ids=videos)


def _narrowed(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_narrowed(material)


def _seen(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_seen(material)


def _kind_seen(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_seen(material, strictly=True)


def _captioned(material: Material, ranked: Sequence[RankedLine]) -> list[Claim]:
    """The description of a clip that says all words of the question: what somebody does with what."""
    terms = material.question.terms
    said = (one.unit.lines[0] for one in ranked if one.unit.channel == "caption")
    best = next((line for line in said if terms and all(_says(line.text, term) for term in terms)), None)
    if best is None:
        return []
    text = best.text.strip()
    return [Claim(f"看到：“{text}”" if material.chinese else f"Seen: “{text}”", (cite(best),), "seen")]


def _says(text: str, term: Term) -> bool:
    """Whether a text has a word in any of its forms: "glazes" for "glaze"."""
    forms = {token.key.rstrip("e") for token in tokens(text)}
    return coverage([term], text) > 0 or base(term.text).rstrip("e") in forms


def _moments(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_moments(material)


def _videos(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_videos(material)


def _times(material: Material, ranked: Sequence[RankedLine]) -> list[Claim]:
    if asks_for_numbered(material.question.text):
        return draft_times(material, _cited(material, draft_numbered(material)), seen=False)
    spoken = [one for one in ranked if one.unit.channel in ("speech", "screen") and one.share >= SUPPORT]
    best = sorted(spoken, key=lambda one: (-round(one.share, 2), -one.score))
    drafts = (
        [] if material.question.source == "picture" else draft_asked(material, without_when(material.question.text))
    )
    return draft_times(material, [*_cited(material, drafts), *(line for one in best for line in one.unit.lines[:1])])


def _cited(material: Material, claims: Sequence[Claim]) -> list[Evidence]:
    ids = [claim.citations[0].evidence_id for claim in claims]
    lines = material.store.catalog.evidence(ids)
    return [lines[one] for one in ids if one in lines]


def _thing(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    """What is looked for, if it is something that lines tell: a phone number, a price."""
    for text in material.question.things:
        claims = draft_asked(material, f"{text}是什么？" if material.chinese else f"What is the {text}?")
        if claims:
            return claims
    return []


def _count(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_count(material)


def _enumerated(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_enumerated(material)


def _all_numbered(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_all_numbered(material)


def _numbered(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_numbered(material)


def _passage(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_passage(material)


def _caption(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_passage(material, pictured=True)


def _title(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_title(material)


def _speaking(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_speaking(material)


def _sounds(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_sounds(material)


def _summary(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_summary(material)


def _tags(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_tags(material)


def _metadata(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_metadata(material) if material.named else draft_videos(material)


def _compare(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_comparison(material)


_BY_INTENT: dict[Intent, tuple[Part, ...]] = {
    "find": (_moments, _thing, _from_text, _narrowed),
    "fact": (_from_text, _narrowed),
    "quote": (_from_text, _narrowed),
    "shown": (_seen, _from_text, _narrowed),
    "who": (_from_text, _narrowed),
    "when": (_times,),
    "where": (_from_text, _narrowed),
    "count": (_count, _from_text, _narrowed),
    "which_videos": (_videos,),
    "compare": (_compare, _from_text),
    "order": (_from_text, _narrowed, _seen),
    "summarise": (_summary,),
    "tags": (_tags,),
    "metadata": (_metadata,),
    "nothing": (),
}
