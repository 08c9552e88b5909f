"""Two videos side by side: what each tells of the thing that is compared, or what each is about.

No difference is claimed: it is left to those who read the two.
"""

from __future__ import annotations

import re

from agents.answering.claims import Claim
from agents.answering.drafting.listing import evidence_for, line_of_video
from agents.answering.drafting.material import Material
from agents.answering.drafting.summaries import video_in_short
from agents.answering.drafting.things import Thing, thing_of
from agents.answering.drafting.told_kinds import lines_telling, told_kind
from agents.tools.video_topics import VideoTopics

_OPENLY = re.compile(
    r"\bcompar(?:e|ed|ing|ison)\b|\bdifferences?\b|\bdiffer(?:s|ent)?\b|\bcontrast\b|比较|对比|区别|不同|差别|差异",
    re.I,
)
_VIDEOS = re.compile(r"\b(?:videos?|clips?|films?|recordings?|movies?)\b|视频|片子|短片|影片", re.I)
_SIDES = 2

MOST_OF_A_SIDE = 2
"""Lines of each video about the thing that is compared. Ours."""


def draft_side_by_side(material: Material) -> list[Claim]:
    """What each of two videos tells; none unless both do, or where more is asked than to compare them."""
    text = material.question.text
    videos = _sides(material)
    if not _OPENLY.search(text) or material.question.yes_or_no or len(videos) != _SIDES:
        return []
    kind, things = told_kind(text), _compared(material)
    sides: list[list[Claim]] = []
    for video_id in videos:
        if kind is not None:
            lines = [line for line in lines_telling(material, kind) if line.video_id == video_id]
        elif things:
            lines = [line for thing in things for line in evidence_for(material, video_id, thing)]
        else:
            sides.append(video_in_short(material, video_id))
            continue
        once = {line.text.casefold(): line for line in reversed(lines)}
        sides.append([line_of_video(material, line) for line in reversed(once.values())][:MOST_OF_A_SIDE])
    return [claim for claims in sides for claim in claims] if all(sides) else []


def _sides(material: Material) -> list[str]:
    """The two videos: those that are named, or described ("the coffee video and the rocket video")."""
    if material.named:
        return list(material.named)
    if not _VIDEOS.search(material.question.text):
        return []
    topics = VideoTopics(material.store, material.encoders)
    meant = [topics.meant(thing, None, material.scope) for thing in material.question.things]
    return list(dict.fromkeys(one.video_id for one in meant if one is not None)) if all(meant) else []


def _compared(material: Material) -> list[Thing]:
    """What is compared of the two; none if they are compared as a whole. The things that describe them are none."""
    if not material.named:
        return []
    concepts = material.encoders.concepts
    words = [text for text in material.question.things if not _OPENLY.search(text) and not _VIDEOS.fullmatch(text)]
    return [thing for text in words if (thing := thing_of(text, concepts)).terms]
