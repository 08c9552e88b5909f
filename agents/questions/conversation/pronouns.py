"""What pronouns point at: he, she, it, that, there; 他, 它, 那里, 这个视频."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.questions.conversation.mentions import is_attribute
from agents.questions.conversation.referents import NAME, PERSONS, person_meant, several_meant, thing_meant
from agents.questions.conversation.turns import Standalone, Turn

_VIDEO = re.compile(
    r"\b(?:in|of|from|during|within)?\s*\b(?:this|that|the same|the) (?:video|clip|recording|film|"
    r"movie|footage|one|file)\b(?! (?:library|files))|\b(?:in|of) (?:it|that|this)\b(?=\W*$)|"
    r"\bin there\b|(?<=\w )(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )\bthere\b(?=\W*$)|"
    r"(?<=\w )\bhere\b(?=\W*$)",
    re.I,
)
_VIDEO_IN_CHINESE = re.compile(
    "(?:在)?(?:这|那|同一)(?:一)?(?:个|段|部|条)?(?:视频|片段|录像|影片|短片|片子)(?:里面|里|中)?|"
    "(?:在)?(?:那里面?|这里面?|那儿|这儿|其中|那边)(?!有名)|^(?:那)?里面"
)
_MOMENT = re.compile(
    r"\b(?:at|in|during|around) (?:this|that) (?:moment|point|time|scene|part)\b|"
    r"\b(?:right )?then\b(?=\W*$)|那时候?|那一刻|当时|这时候?|此时|那个时候|那一幕"
)
_AFTER_THAT = re.compile(
    r"\b(?P<relation>after|before) (?:that|this|it)\b|\b(?P<adverb>afterwards?|beforehand|next|"
    r"then)\b(?=\W*$)|(?<!”)(?:那|这)?(?P<zh>之后|之前|以后|"
    r"以前)(?=[他她它们又还会发生做说怎是有呢在，,]|$)|(?P<then>接下来|然后|接着|随后)",
    re.I,
)
_IT = re.compile(
    r"\b(?P<it>it|this one|that one|its|(?:this|that)(?=\W*$|\s+(?:is|are|was|were|does|do|did|has|"
    r"have|had|can|could|"
    r"will|would|should|for|in|on|at|from|to|of|with|about|by|called|costs?|comes?|goes|looks?|works?|made|"
    r"mean)\b))\b(?! (?:is|was) (?:raining|snowing|possible))",
    re.I,
)
_THEM = re.compile(r"\b(?P<they>they|them|their|these|those|those ones)\b", re.I)
_HE = re.compile(r"\b(?P<he>he|she|him|his|her|hers|himself|herself)\b", re.I)
_IN_CHINESE = re.compile(
    "(?P<he>他们|她们|他(?!人)|她)|(?P<it>它们?|(?:这|那)(?:个|只|辆|些|件|张|座|本|位)?(?=$|"
    "[？?吗呢是有在的为怎多什往向几]))"
)
_POSSESSIVE = frozenset("his her its their hers".split())
_PLEONASTIC = re.compile(
    r"\b(?:is|was|does|will|did) it (?:rain|snow|possible|true|late|early|cold|warm|hot|sunny|dark|"
    r"day|night|take|important|necessary|clear|mean)\w*|\bwhat (?:time|day|year|date|season|"
    r"month) is (?:it|this)\b|\b(?:that|this) (?:the|a|an|he|she|it|they|there|"
    r"[a-z]+s)\b(?<!that is)(?<!this is)(?<!that was)(?<!this was)|"
    r"\b(?:say|says|said|think|thinks|know|claim|claims|mention|mentions|so|moment|scene|part|"
    r"person|man|woman|one|ones|people|thing|something|video|videos|clip|clips|all|"
    r"things) that\b(?!\W*$)",
    re.I,
)
_OF_A_FILE = re.compile(
    r"^(?:and )?how (?:long|big) (?:is|was) (?:it|this|that)\W*$|\btags?\b|\btagged\b|\bduration\b|"
    r"\bresolution\b|\b(?:recorded|filmed|uploaded)\b|\bsound\b|\bsummar|\babout\W*$|"
    r"\bframe rate\b|"
    "标签|时长|多长|分辨率|帧率|拍的|录的|声音|总结|讲什么",
    re.I,
)
_KIND_OF_IT = re.compile(
    r"^(?:and |so )*(?:which|what) (?!is\b|are\b|was\b|were\b|colou?r\b|else\b|way\b|direction\b|size\b)\w+ (?:is|"
    r"are|was|were) (?:it|that|"
    r"this|they)\b",
    re.I,
)
_WHAT_IS = re.compile(r"^((?:and )?(?:what|who|which)(?: else)? (?:is|are|was|were))(\W*)$", re.I)


def points_at(words: str, chinese: bool) -> bool:
    """Whether some words are only a pronoun ("that one", 那个)."""
    form = (
        "(?:那|这)(?:个|些|里|儿)?(?:视频|片段)?|它|他|她|它们|他们"
        if chinese
        else r"(?:it|that|this|that one|this one|there|them|these|those|him|her)"
    )
    return bool(re.fullmatch(form, words.strip(), re.I))


def replaced_pronoun(plain: str, turns: Sequence[Turn], chinese: bool) -> Standalone | None:
    """The question with its pronouns replaced by what they point at; None if it has none, or they point inside it."""
    turn = turns[-1]
    shown = next((one.shown for one in reversed(turns[-2:]) if one.shown), ())
    if turn.abstained and turn.things:
        shown = ()  # it was about something new, which was not found there
    first = shown[0] if shown else None
    scope = (first.video_id,) if first else (turn.video_ids or None)
    video = (_VIDEO_IN_CHINESE if chinese else _VIDEO).search(plain)
    if video and scope:
        return _of_the_video(plain, video, turns, chinese, scope)
    moment = _MOMENT.search(plain)
    if moment and moment.group().lower() == "then" and with_things(plain[: moment.start()], turns, chinese):
        plain, moment = f"{plain[: moment.start()].rstrip()}?", None
    if moment and first:
        return Standalone(plain, (first.video_id,), first, True, f"at a moment of {first.name}")
    after = _AFTER_THAT.search(plain)
    if after and len(plain) < 60:
        return _after(plain, after, turns, chinese)
    replaced = with_things(plain, turns, chinese)
    if replaced is None:
        return None
    if scope and _OF_A_FILE.search(plain):
        return Standalone(plain, scope, None, True, f"of {first.name}" if first else "of the same videos")
    other = plain if scope and replaced != plain else ""
    if other and _KIND_OF_IT.search(plain):
        replaced, other = other, replaced  # "which room is that for?": what it is of is elsewhere
    return Standalone(replaced, scope, first, True, "the thing or person last spoken of", plain=other)


def _of_the_video(
    plain: str, video: re.Match[str], turns: Sequence[Turn], chinese: bool, scope: tuple[str, ...]
) -> Standalone:
    turn = turns[-1]
    first = turn.shown[0] if turn.shown else None
    rest = _tidy(plain[: video.start()] + (" " if not chinese else "") + plain[video.end() :])
    bare = video.group().strip().lower()
    rest = plain if bare in ("the video", "there", "here") else rest
    rest = re.sub(r"\b(what|who) else\b", r"\1", rest, flags=re.I)
    rest = _WHAT_IS.sub(r"\1 there\2", rest).replace("还有什么", "有什么")
    rest = rest if any(character.isalnum() for character in rest) else turn.question
    inner = with_things(rest, turns, chinese)
    why = f"in {first.name}" if first else "in the same videos"
    more = bool(re.search(r"\b(?:what|who) else\b|还有", plain, re.I))
    text = inner or rest or turn.question
    return Standalone(text, scope[:1], None, True, why, more, plain=rest if inner else "")


def _after(plain: str, found: re.Match[str], turns: Sequence[Turn], chinese: bool) -> Standalone | None:
    turn = turns[-1]
    head, tail = (with_things(part, turns, chinese) or part for part in (plain[: found.start()], plain[found.end() :]))
    first = turn.shown[0] if turn.shown else None
    said = first.text.strip(" .。") if first else turn.question.strip(" ?？")
    if first and said.lower() not in turn.answer.lower() and turn.answer:
        said = thing_meant(turns) or said
    if chinese:
        word = found["zh"] or "之后"
        text = f"{head}“{said}”{word}{tail}"
        if not re.search("什么|谁|哪|怎|吗", text):
            text += "发生了什么？"
    else:
        relation = (found["relation"] or ("before" if found["adverb"] == "beforehand" else "after")).lower()
        text = f"{head}{relation} “{said}”{tail}"
        if not re.search(r"\b(?:what|who|where|how|does|is)\b", text, re.I):
            text = f"What happens {relation} “{said}”?"
    return Standalone(text, (first.video_id,) if first else (turn.video_ids or None), None, True, "what was shown")


def with_things(plain: str, turns: Sequence[Turn], chinese: bool) -> str | None:
    """The text with its first pronoun replaced by a thing or person of the conversation."""
    if chinese:
        found = _IN_CHINESE.search(plain)
        if not found or _points_inside(plain, found.start(), chinese):
            return None
        name = person_meant(turns, found["he"]) if found["he"] else thing_meant(turns)
        return plain[: found.start()] + name + plain[found.end() :] if name else plain
    if _PLEONASTIC.search(plain):
        return None
    for form in (_HE, _THEM, _IT):
        found = form.search(plain)
        if not found or _points_inside(plain, found.start(), chinese):
            continue
        word = found.group().lower()
        if form is _HE:
            name = person_meant(turns, word)
        else:
            name = several_meant(turns) if form is _THEM else thing_meant(turns)
        if not name:
            return plain
        possessive = word in _POSSESSIVE and not (word == "her" and re.match(r"\W*$", plain[found.end() :]))
        return plain[: found.start()] + _with_article(name) + ("'s" if possessive else "") + plain[found.end() :]
    return None


def _points_inside(plain: str, at: int, chinese: bool) -> bool:
    """Whether a noun for a person or thing stands before the pronoun, to which it then belongs."""
    before = plain[:at]
    if chinese:
        other = bool(PERSONS.search(before)) or len(re.sub("[那这么还有然后而的，,在是]", "", before)) > 3
        return other and not re.search("什么|谁|为什么|哪|怎么", before)
    before = re.sub(r"\bthe (\w+) of\b", lambda one: "" if is_attribute(one[1]) else one[0], before)
    return bool(
        re.search(r"\b(?:the|a|an|every|each|mr|mrs|my|our) \w+\b", before, re.I)
        or re.search(r"(?<!^)\b[A-Z][a-z]+", before[1:])
    )


def _with_article(name: str) -> str:
    return (
        name if NAME.match(name) or re.match(r"(?:the|a|an|this|that|my|his|her|some)\b", name, re.I) else f"the {name}"
    )


def _tidy(text: str) -> str:
    return re.sub(r"\s+([?.!,])", r"\1", re.sub(r"\s+", " ", text)).strip(" ,，")
