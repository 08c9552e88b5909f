"""Claims about what the pictures show: kinds of things, colours, what somebody holds, rides or wears."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agents.answering.claims import LEAST_SEEN, SEEN, Claim, cite
from agents.answering.drafting.material import Material
from agents.answering.drafting.things import LEAST_OBJECT, Thing, colours_of, confident, named, so_many, thing_of
from agents.answering.wording import colour, listed, there_is
from agents.evidence import BACKGROUND
from agents.search.scoring import query_scales
from agents.words import coverage
from stores.core.records import Evidence, Span, Tracklet

MOST_NAMED = 4
"""Things named in one answer."""

LEAST_OF_A_KIND = 0.05
"""Confidence of a label of the very kind that is asked for: asked which instrument, the best of all instruments."""

SUPPORT = 0.5
CAPTION_SUPPORT = 0.75
LEAST_TERMS = 2
"""Words of a question, and the share of them that a caption must have to be its answer. Ours."""

MOST_VIDEOS = 5

TOUCHING = 0.3
"""Share of an object's box that must lie inside a person's for the object to be theirs. Ours."""

_HOLDS = re.compile(
    r"\b(?:hold|holds|holding|carr(?:y|ies|ying)|in (?:his|her|their|its) hands?|use|uses|using|play\w*)\b|"
    "拿|抱|握|提着|举|端|捧|用|玩|弹",
    re.I,
)
_RIDES = re.compile(r"\b(?:rid(?:e|es|ing)|sit(?:s|ting)? on|driv(?:e|es|ing))\b|骑|坐|开着|驾驶", re.I)
_WEARS = re.compile(r"\b(?:wear|wears|wearing|dressed|clothes|clothing|on (?:his|her|their) head)\b|穿|戴|衣", re.I)
_ACTS = (_HOLDS, _RIDES, _WEARS)
"""What somebody does with a thing; no model recognises that by itself."""

_TOO_LARGE = frozenset("furniture vehicle appliance building structure".split())
_CLOTHING = frozenset("clothing hat accessory eyewear jewelry headgear footwear shoe formal costume".split())
_HEADWEAR = frozenset("hat cap headgear helmet mask eyewear glasses sunglasses wig crown".split())
_HEAD = re.compile(r"\b(?:head|face|eyes)\b|头|脸|眼", re.I)
_DIRECTION = re.compile(r"\b(?:which|what) (?:way|direction)\b|\bdirection\b|哪个方向|什么方向|往哪|向哪|朝哪", re.I)
_WAYS = {
    "left": ("left", "向左"),
    "right": ("right", "向右"),
    "up": ("up", "向上"),
    "down": ("down", "向下"),
    "nearer": ("nearer", "靠近"),
    "farther": ("away", "远离"),
    "still": ("", "不动"),
}
_LAST = re.compile(r"\b(?:last|final(?:ly)?|at the end)\b|最后|结尾|末尾", re.I)
_BACKGROUND = re.compile(r"\bbackground\b|背景", re.I)


def asks_direction(text: str) -> bool:
    """Whether it is asked which way something moves."""
    return bool(_DIRECTION.search(text))


def draft_seen(material: Material, strictly: bool = False) -> list[Claim]:
    """Claims from labels, tracked objects and captions of the best video; none if they do not hold the answer.

    Args:
        strictly: only what is of a kind that is named, or at somebody's hand; not merely what is likest.
    """
    question = material.question
    if not question.yes_or_no and (captioned := _captioned(material)):
        return captioned
    for video_id in _best_supported(material)[:1]:
        lines = material.lines(video_id, SEEN)
        if question.wants == "colour":
            claims = _colours(material, video_id)
        else:
            claims = _about(material, video_id, lines, strictly)
        if claims:
            return claims
    return []


def _captioned(material: Material) -> list[Claim]:
    """The caption that has nearly all words of a question: a sentence about a clip says more than its labels."""
    terms = material.question.terms
    if len(terms) < LEAST_TERMS:
        return []
    captions = [line for one in material.best_videos(MOST_VIDEOS) for line in material.lines(one, ("caption",))]
    best = max(captions, key=lambda line: coverage(terms, line.text), default=None)
    if best is None or coverage(terms, best.text) < CAPTION_SUPPORT:
        return []
    return [Claim(best.text, (cite(best),), "seen")]


def _about(material: Material, video_id: str, lines: Sequence[Evidence], strictly: bool) -> list[Claim]:
    text = material.question.text
    if material.question.yes_or_no:
        return _likest(material, video_id, lines)
    if asks_direction(text):
        return _direction(material, video_id)
    if material.question.relation in ("before", "after") and not _LAST.search(text):
        return _in_order(material, video_id, lines)
    if _WEARS.search(text):
        return _worn(material, video_id, lines)
    if names_a_kind(material) and (claims := _of_kind(material, video_id, lines)):
        return claims
    if _HOLDS.search(text) or _RIDES.search(text):
        return _at_hand(material, video_id, lines)
    return _of_kind(material, video_id, lines) or ([] if strictly else _likest(material, video_id, lines))


def names_a_kind(material: Material) -> bool:
    """Whether the first thing is a kind that is asked for ("which animal", "what instrument"): a noun that only covers
    names."""
    for text in material.question.things[:1]:
        thing = thing_of(text, material.encoders.concepts)
        return bool(thing.names) and not thing.person and thing.text.casefold().strip() not in thing.names
    return False


def _best_supported(material: Material) -> list[str]:
    """The videos in question in which at least half of the recognisable words were recognised, most of them first.

    Likeness alone would answer questions about something else.
    """
    videos = material.best_videos(MOST_VIDEOS)
    if material.question.overview or (material.named and not material.question.terms):
        return videos
    shares = {video_id: _support(material, video_id) for video_id in videos}
    kept = [video_id for video_id in videos if shares[video_id] >= SUPPORT]
    return sorted(kept, key=lambda one: -shares[one])


def _support(material: Material, video_id: str) -> float:
    """Share of the words that models can recognise, or know as what goes with things they recognise, that are borne
    out by the pictures of a video. 0 if the question has words, but none of these."""
    concepts = material.encoders.concepts
    lines = material.lines(video_id)
    pictured = [line for line in lines if line.channel in SEEN and line.confidence >= LEAST_OF_A_KIND]
    text = "\n".join(line.search_text for line in pictured)
    surely = {line.text.casefold() for line in pictured if line.confidence >= LEAST_SEEN}
    known = borne_out = 0
    terms = [term for term in material.question.terms if not any(one.search(term.text) for one in _ACTS)]
    for term in terms:
        named = concepts.matching(term.text)
        thing = thing_of(term.text, concepts)
        if not named and not thing.person:
            continue
        known += 1
        goes_with = {concepts.get(one).name.casefold() for one in named}
        if thing.person:
            borne_out += any(line.text == "person" for line in pictured)
        else:
            borne_out += coverage([term], text) > 0 or bool(goes_with & surely)
    if known:
        return borne_out / known
    return 0.0 if terms else 1.0


def _colours(material: Material, video_id: str) -> list[Claim]:
    for thing in material.things():
        if _BACKGROUND.search(thing.text):
            there = [line for line in material.all_lines(video_id, ("object",)) if line.text == BACKGROUND]
        else:
            there = [line for line in material.seen(video_id, replace(thing, colours=())) if colours_of(line)]
            if not there and _is_clothing(material, thing):
                there = [line for line in material.lines(video_id, ("object",)) if line.text == "person"]
        there = [line for line in there if colours_of(line)]
        if not there:
            continue
        best = _chosen(material, there, thing.count)
        names = listed((colour(one, material.chinese) for one in colours_of(best)), material.chinese)
        what = named(best, material.chinese)
        if best.text == BACKGROUND:
            what = "背景" if material.chinese else "background"
        text = f"{what}是{names}" if material.chinese else f"The {what} is {names}"
        return [Claim(text, (cite(best),), "seen", value=colours_of(best)[0] if not material.chinese else "")]
    return []


def _chosen(material: Material, lines: Sequence[Evidence], count: int) -> Evidence:
    """The line that is meant: of so many at one time, the first, the last, else the longest and surest."""
    relation = material.question.relation
    if count > 1:
        together = so_many(lines, count)
        if together:
            return max(together, key=lambda line: line.confidence)
    if relation == "first":
        return min(lines, key=lambda line: line.span.start)
    if relation == "last":
        return max(lines, key=lambda line: line.span.start)
    return max(lines, key=lambda line: line.confidence * line.span.duration)


def _direction(material: Material, video_id: str) -> list[Claim]:
    """Which way a tracked object moves, as the viewer sees it."""
    for term in (*material.question.things, *(term.text for term in material.question.terms)):
        thing = thing_of(term, material.encoders.concepts)
        moving = [line for line in material.seen(video_id, thing) if line.channel == "object" and _way(line)]
        if thing.recognisable and moving:
            best = _chosen(material, [line for line in moving if _way(line) != "still"] or moving, thing.count)
            english, chinese = _WAYS[_way(best)]
            what = named(best, material.chinese)
            text = (
                f"{what}{chinese}"
                if material.chinese
                else f"The {what} moves {english}"
                if english
                else f"The {what} stays still"
            )
            return [Claim(text, (cite(best),), "seen")]
    return []


def _way(line: Evidence) -> str:
    last = line.search_text.rsplit(";", 1)[-1].strip()
    return last if last in _WAYS else ""


def _in_order(material: Material, video_id: str, lines: Sequence[Evidence]) -> list[Claim]:
    """What is seen next after, or last before, the thing that a question refers to; or first, or last of all."""
    question = material.question
    anchors = [term.text for term in question.anchor] or [term.text for term in question.terms]
    for text in (" ".join(anchors), *anchors):
        thing = thing_of(text, material.encoders.concepts)
        known = material.seen(video_id, thing) if thing.recognisable else []
        if not known:
            continue
        before = question.relation == "before"
        edge = min(line.span.start for line in known) if before else max(line.span.end for line in known)
        others = [line for line in confident(lines) if not thing.shown_by(line) and line.text != "person"]
        if names_a_kind(material):
            kind = thing_of(question.things[0], material.encoders.concepts).terms
            others = [line for line in others if coverage(kind, line.search_text) >= 1.0]
        slack = round(1.0 / lines[0].span.time_base)
        if before:
            beside = [line for line in others if line.span.end <= edge + slack]
            beside.sort(key=lambda line: (-line.span.end, -line.confidence))
        else:
            beside = [line for line in others if line.span.start >= edge - slack]
            beside.sort(key=lambda line: (line.span.start, -line.confidence))
        near = [line for line in beside if abs(line.span.start - beside[0].span.start) <= slack]
        objects = [line for line in near if line.channel == "object"]
        return _names(material, (objects or near)[:2])
    return []


def _is_clothing(material: Material, thing: Thing) -> bool:
    concepts = material.encoders.concepts
    found = [
        concepts.get(one) for term in (thing.text, *(t.text for t in thing.terms)) for one in concepts.matching(term)
    ]
    return any(_CLOTHING & set(concept.broader) for concept in found)


def _worn(material: Material, video_id: str, lines: Sequence[Evidence]) -> list[Claim]:
    """What is worn in the found moments; on the head only what belongs there."""
    kinds = _HEADWEAR if _HEAD.search(material.question.text) else _CLOTHING
    worn = [
        line
        for line in lines
        if line.channel == "picture"
        and line.confidence >= LEAST_SEEN
        and kinds & set(re.split("[; ]+", line.search_text.lower()))
    ]
    spans = _spans(material, video_id)
    return _names(material, [line for line in worn if not spans or any(line.span.overlap(span) for span in spans)])


def _at_hand(material: Material, video_id: str, lines: Sequence[Evidence]) -> list[Claim]:
    """What a person holds or rides: the tracked object that is most inside of theirs."""
    text = material.question.text
    by_id = {line.evidence_id: line for line in lines if line.channel == "object"}
    tracks = [one for one in material.store.catalog.records(video_id, "tracklets") if isinstance(one, Tracklet)]
    subjects = [thing for thing in material.things() if thing.recognisable]
    owners = {one for one in by_id if any(thing.shown_by(by_id[one]) for thing in subjects)}
    people = [one for one in tracks if one.evidence_id in owners] or [one for one in tracks if one.category == "person"]
    asked = {term.text for term in material.question.terms}
    worth: dict[str, float] = {}
    for one in tracks:
        line = by_id.get(one.evidence_id)
        if line is None or one.category in ("person", BACKGROUND) or one.category in asked or one.evidence_id in owners:
            continue
        if _HOLDS.search(text) and _TOO_LARGE & {word for noun in one.broader for word in noun.split()}:
            continue
        share = max((_inside(one, person) for person in people), default=0.0)
        if share >= TOUCHING and one.confidence >= LEAST_OBJECT:
            worth[one.evidence_id] = share * one.confidence * (one.span.duration**0.5)
    best = sorted(worth, key=lambda one: -worth[one])
    return _names(material, [by_id[one] for one in best[:1]])


def _inside(one: Tracklet, person: Tracklet) -> float:
    """The largest share of an object's box that lies inside the person's at the same time."""
    boxes = {row[0]: row[1:] for row in person.trajectory}
    best = 0.0
    for tick, x0, y0, x1, y1 in one.trajectory:
        if tick not in boxes or x1 <= x0 or y1 <= y0:
            continue
        a, b, c, d = boxes[tick]
        wide, high = min(x1, c) - max(x0, a), min(y1, d) - max(y0, b)
        if wide > 0 and high > 0:
            best = max(best, wide * high / ((x1 - x0) * (y1 - y0)))
    return best


def _of_kind(material: Material, video_id: str, lines: Sequence[Evidence]) -> list[Claim]:
    """Things of the kind that is asked for ("which animal", "what vehicles"): what has it among its broader nouns."""
    spans = _spans(material, video_id)
    for thing in material.things():
        terms = thing.terms
        if not terms or thing.person:
            continue
        kind = [
            line
            for line in lines
            if line.confidence >= (LEAST_OBJECT if line.channel == "object" else LEAST_OF_A_KIND)
            and coverage(terms, line.search_text) >= 1.0
            and (coverage(terms, line.text) < 1.0 or _LAST.search(material.question.text))
        ]
        if spans:
            kind = [line for line in kind if any(line.span.overlap(span) for span in spans)] or kind
        objects = [line for line in kind if line.channel == "object"]
        if kind and _LAST.search(material.question.text):
            sure = [line for line in objects if line.confidence >= 0.5]
            return _names(material, [max(sure or objects or kind, key=lambda line: line.span.end)])
        if kind and material.question.relation == "first":
            return _names(material, [min(objects or kind, key=lambda line: line.span.start)])
        if kind:
            ranked = _by_worth(material, objects or kind)
            return _names(material, ranked)
    return []


def _likest(material: Material, video_id: str, lines: Sequence[Evidence]) -> list[Claim]:
    """What the found moments show, the likest to the question first; what it names itself says nothing new."""
    spans = _spans(material, video_id)
    there = [line for line in lines if line.confidence >= LEAST_SEEN]
    if spans:
        there = [line for line in there if any(line.span.overlap(span) for span in spans)] or there
    terms = material.question.terms
    if not material.question.yes_or_no:
        there = [line for line in there if not terms or coverage(terms, line.text) == 0] or []
        others = [line for line in there if line.text != "person"]
        there = others if terms else others or there  # that there is a person says nothing of what one does
    else:
        there = [line for line in there if coverage(terms, line.search_text) >= 1.0]
    return _names(material, _by_worth(material, there))


def _spans(material: Material, video_id: str) -> list[Span]:
    moments = material.found.moments if material.found is not None else ()
    return [moment.span for moment in moments if moment.video_id == video_id]


def _by_worth(material: Material, lines: Sequence[Evidence]) -> list[Evidence]:
    """Lines by their confidence times their likeness to the question."""
    if not lines:
        return []
    asked = material.encoders.text.encode_queries([material.question.text])
    likeness = material.encoders.text.encode_queries([line.search_text for line in lines]) @ asked[0]
    (scale,) = query_scales(asked, material.encoders.concepts)
    worth = {
        line.evidence_id: line.confidence * max(0.1, scale.z(float(one)))
        for line, one in zip(lines, likeness, strict=True)
    }
    return sorted(lines, key=lambda line: -worth[line.evidence_id])


def _names(material: Material, lines: Sequence[Evidence]) -> list[Claim]:
    """One claim that names the first few different things."""
    first: dict[str, Evidence] = {}
    for line in lines:
        first.setdefault(line.text.casefold(), line)
    shown = list(first.values())[:MOST_NAMED]
    if not shown:
        return []
    captions = [line for line in shown if line.channel == "caption"]
    if captions:
        return [Claim(line.text, (cite(line),), "seen") for line in captions]
    if material.question.yes_or_no:
        text = there_is(named(shown[0], material.chinese, material.question.text), material.chinese)
        return [Claim(text, (cite(shown[0]),), "seen")]
    names = listed((named(line, material.chinese) for line in shown), material.chinese)
    text = f"看到：{names}" if material.chinese else f"Seen: {names}"
    return [Claim(text, tuple(map(cite, shown)), "seen")]
