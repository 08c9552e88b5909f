"""Videos that a question describes instead of naming them: "in the news video", "介绍手表的那个视频里"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stores.core.text_keys import HAN

_VIDEO = r"(?:video|clip|film|movie|recording|footage)"
_ENGLISH = re.compile(
    r"(?P<before>\b(?:in|of|from|on|at|during|within)\s+)?\b(?:the|that|this|my|our)\s+"
    rf"(?:(?P<what>(?!(?:first|second|third|last|next|same|other|whole|entire|long\w*|short\w*)\b)"
    rf"[\w'’-]+(?:\s+[\w'’-]+){{0,3}}?)\s+{_VIDEO}\b"
    rf"|{_VIDEO}\s+(?:about|on|with|of|that shows|showing|where)\s+(?:the\s+|"
    rf"an?\s+)?(?P<about>[\w'’-]+(?:\s+[\w'’-]+){{0,3}}))",
    re.I,
)
_CHINESE = re.compile(
    f"(?P<before>在|从)?(?:(?:介绍|关于|讲|说|拍)(?P<about>[{HAN}]{{1,8}}?)的(?:那个|那段|那部|这个|这段)?"
    f"(?:视频|片子|短片|影片)(?P<in>里面|里|中|上)?|"
    f"(?:那个|那段|这个|这段)(?P<that>[{HAN}]{{2,6}}?)的?(?:视频|片子|短片|影片)(?P<inside>里面|里|中|上)?|"
    f"(?P<what>[{HAN}]{{2,6}}?)的?(?:那个|那段|这个|这段)?(?:视频|片子|短片|影片)(?:(?P<within>里面|里|中|上)|(?=的|"
    f"讲|说)))"
)
_NO_DESCRIPTION = re.compile(
    "^(?:那|几|多少|什么|所有|全部|一个|两个|每|有|没|第|请|找|看|这|任何|其他|另|列|出现|库)|多少|几个|哪|是在|什么"
)
_NO_ENGLISH = re.compile(
    r"\b(?:which|what|any|all|every|is|are|does|do|has|have|of|in|and|or|than|show\w*|longest|shortest)\b", re.I
)
_LEFT_OPEN = re.compile(r"\b(is|are|was|were)\s*(?=[?.!]*$)", re.I)


@dataclass(frozen=True, slots=True)
class Described:
    """A description of a video in a question.

    Attributes:
        what: the words that describe it.
        rest: the question without them, with a word for the video where it needs one.
    """

    what: str
    rest: str


def described_videos(text: str) -> list[Described]:
    """The descriptions of videos in a question, in their order; each ``rest`` is without that one only."""
    found = []
    for one in _ENGLISH.finditer(text):
        what = one["what"] or one["about"]
        if not _NO_ENGLISH.search(what):
            found.append(Described(what, _without(text, one, " the video ")))
    for one in _CHINESE.finditer(text):
        what = one["about"] or one["that"] or one["what"]
        if what and not _NO_DESCRIPTION.search(what):
            found.append(Described(what, _without(text, one, "视频")))
    return found


def _without(text: str, found: re.Match[str], video: str) -> str:
    groups = found.groupdict()
    inside = groups["before"] or groups.get("in") or groups.get("inside") or groups.get("within")
    rest = " ".join(f"{text[: found.start()]}{'' if inside else video}{text[found.end() :]}".split())
    return _LEFT_OPEN.sub(r"\1 there", rest)
