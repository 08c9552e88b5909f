"""What pronouns point at: he, she, it, that, there; 他, 它, 那里, 这个视频."""

from __future__ import annotations

import re

from agents.questions.conversation.turns import Standalone, Turn

_PERSONS = re.compile(
    r"\b(?:man|men|woman|women|boy|girl|person|people|guy|lady|child|children|kid|teacher|speaker|"
    r"presenter|host|guest|doctor|nurse|chef|cook|player|driver|singer|actor|actress|"
    r"guide|student|worker|farmer|officer|soldier|president|minister|director|narrator|reporter|"
    r"journalist|coach|artist|author|baby|mother|father|brother|sister|friend|everyone|somebody|"
    r"someone|"
    r"mr|mrs|ms|dr|professor|captain|king|queen|girls|boys|dancer|runner|rider|swimmer|couple|family|crowd|team)s?\b|"
    "人|男孩|女孩|男子|女子|先生|女士|小姐|老师|主持|嘉宾|医生|护士|厨师|球员|司机|歌手|演员|导游|"
    "学生|工人|农民|警察|记者|教练|作者|导演|孩子|妈妈|爸爸|教授|讲师|小王|老板|宝宝|舞者|骑手",
    re.I,
)
_LIKE_A_PERSON = re.compile(
    r"\w(?:man|men|er|or|ist|ian|ess|eur|boy|girl|mate)s?$|[夫手员师生者家长妇爷奶婆公娃匠兵友]$", re.I
)
_NAME = re.compile(r"^(?:[A-Z][\w'’-]+)(?: [A-Z][\w'’-]+){0,2}$")

_VIDEO = re.compile(
    r"\b(?:in|of|from|during|within)?\s*\b(?:this|that|the same|the) (?:video|clip|recording|film|"
    r"movie|footage|one|file)\b(?! (?:library|files))|\b(?:in|of) (?:it|that|this)\b(?=\W*$)|"
    r"\bin there\b|(?<=\w )(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )\bthere\b(?=\W*$)|"
    r"(?<=\w )\bhere\b(?=\W*$)",
    re.I,
)
_VIDEO_IN_CHINESE = re.compile(
    "(?:在)?(?:这|那|同一)(?:一)?(?:个|段|部|条)?(?:视频|片段|录像|影片|短片|片子)(?:里面|里|中)?|"
    "(?:在)?(?:那里面?|这里面?|那儿|这儿|其中|那边)(?!有名)"
)
_MOMENT = re.compile(
    r"\b(?:at|in|during|around) (?:this|that) (?:moment|point|time|scene|part)\b|"
    r"\b(?:right )?then\b(?=\W*$)|那时候?|那一刻|当时|这时候?|此时|那个时候|那一幕"
)
_AFTER_THAT = re.compile(
    r"\b(?P<relation>after|before) (?:that|this|it)\b|\b(?P<adverb>afterwards?|beforehand|next|"
    r"then)\b(?=\W*$)|(?<!”)(?:那|这)?(?P<zh>之后|之前|以后|"
    r"以前)(?=[他她它们又还会发生做说怎是有呢，,]|$)|(?P<then>接下来|然后|接着|随后)",
    re.I,
)
_IT = re.compile(r"\b(?P<it>it|this one|that one|this|that|its)\b(?! (?:is|was) (?:raining|snowing|possible))", re.I)
_THEM = re.compile(r"\b(?P<they>they|them|their|these|those|those ones)\b", re.I)
_HE = re.compile(r"\b(?P<he>he|she|him|his|her|hers|himself|herself)\b", re.I)
_IN_CHINESE = re.compile(
    "(?P<he>他们|她们|他(?!人)|她)|(?P<it>它们?|(?:这|那)(?:个|只|辆|些|件|张|座|本|位)?(?=$|"
    "[？?吗呢是有在的为怎多什]))"
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
_WHAT_IS = re.compile(r"^((?:and )?(?:what|who|which)(?: else)? (?:is|are|was|were))(\W*)$", re.I)


def points_at(words: str, chinese: bool) -> bool:
    """Whether some words are only a pronoun ("that one", 那个)."""
    form = (
        "(?:那|这)(?:个|些|里|儿)?(?:视频|片段)?|它|他|她|它们|他们"
        if chinese
        else r"(?:it|that|this|that one|this one|there|them|these|those|him|her)"
    )
    return bool(re.fullmatch(form, words.strip(), re.I))


def replaced_pronoun(plain: str, turn: Turn, chinese: bool) -> Standalone | None:
    """The question with its pronouns replaced by what they point at; None if it has none, or they point inside it."""
    first = turn.shown[0] if turn.shown else None
    videos = tuple(one.video_id for one in turn.videos)
    scope = (videos[0],) if videos else (turn.video_ids or None)
    video = (_VIDEO_IN_CHINESE if chinese else _VIDEO).search(plain)
    if video and scope:
        rest = _tidy(plain[: video.start()] + (" " if not chinese else "") + plain[video.end() :])
        rest = plain if video.group().strip().lower() == "the video" else rest
        rest = _WHAT_IS.sub(r"\1 there\2", rest).replace("还有什么", "有什么")
        rest = rest if any(character.isalnum() for character in rest) else turn.question
        inner = with_things(rest, turn, chinese)
        why = f"in {first.name}" if first else "in the same videos"
        return Standalone(inner or rest or turn.question, scope[:1], None, True, why)
    moment = _MOMENT.search(plain)
    if moment and first:
        return Standalone(plain, (first.video_id,), first, True, f"at a moment of {first.name}")
    after = _AFTER_THAT.search(plain)
    if after and len(plain) < 60:
        return _after(plain, after, turn, chinese)
    replaced = with_things(plain, turn, chinese)
    if replaced is None:
        return None
    if scope and _OF_A_FILE.search(plain):
        return Standalone(plain, scope, None, True, f"of {first.name}" if first else "of the same videos")
    return Standalone(replaced, scope, None, True, f"the {'thing or person'} of the last question")


def _after(plain: str, found: re.Match[str], turn: Turn, chinese: bool) -> Standalone | None:
    head, tail = (with_things(part, turn, chinese) or part for part in (plain[: found.start()], plain[found.end() :]))
    first = turn.shown[0] if turn.shown else None
    said = first.text.strip(" .。") if first else turn.question.strip(" ?？")
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
    return Standalone(text, (first.video_id,) if first else (turn.video_ids or None), first, True, "what was shown")


def with_things(plain: str, turn: Turn, chinese: bool) -> str | None:
    """The text with its first pronoun replaced by a thing or person of the last turn."""
    if chinese:
        found = _IN_CHINESE.search(plain)
        if not found or _points_inside(plain, found.start(), chinese):
            return None
        name = _person(turn) if found["he"] else _object(turn)
        return plain[: found.start()] + name + plain[found.end() :] if name else plain
    if _PLEONASTIC.search(plain):
        return None
    for form, choose in ((_HE, _person), (_THEM, _any), (_IT, _object)):
        found = form.search(plain)
        if not found or _points_inside(plain, found.start(), chinese):
            continue
        name = choose(turn)
        if not name:
            return plain
        word = found.group().lower()
        possessive = word in _POSSESSIVE and not (word == "her" and re.match(r"\W*$", plain[found.end() :]))
        return plain[: found.start()] + _with_article(name) + ("'s" if possessive else "") + plain[found.end() :]
    return None


def _points_inside(plain: str, at: int, chinese: bool) -> bool:
    """Whether a noun for a person or thing stands before the pronoun, to which it then belongs."""
    before = plain[:at]
    if chinese:
        other = bool(_PERSONS.search(before)) or len(re.sub("[那这么还有然后而的，,在是]", "", before)) > 3
        return other and not re.search("什么|谁|为什么|哪|怎么", before)
    return bool(
        re.search(r"\b(?:the|a|an|every|each|mr|mrs|my|our) \w+\b", before, re.I)
        or re.search(r"(?<!^)\b[A-Z][a-z]+", before[1:])
    )


def _person(turn: Turn) -> str:
    """The first name or thing that surely is a person, else the first that its word's ending makes one."""
    sure = [thing for thing in turn.things if _PERSONS.search(thing) or _NAME.search(thing)]
    likely = [thing for thing in turn.things if _LIKE_A_PERSON.search(thing)]
    return (sure or likely or [""])[0]


def _object(turn: Turn) -> str:
    things = [thing for thing in turn.things if not _PERSONS.search(thing)]
    objects = [thing for thing in things if not _LIKE_A_PERSON.search(thing)]
    return (objects or things or list(turn.things) or [""])[0]


def _any(turn: Turn) -> str:
    return turn.things[0] if turn.things else ""


def _with_article(name: str) -> str:
    return (
        name
        if _NAME.match(name) or re.match(r"(?:the|a|an|this|that|my|his|her|some)\b", name, re.I)
        else f"the {name}"
    )


def _tidy(text: str) -> str:
    return re.sub(r"\s+([?.!,])", r"\1", re.sub(r"\s+", " ", text)).strip(" ,，")
