"""Makes a follow-up stand alone: what it leaves out or points at is put in from the conversation.

By rules; a question with a topic of its own takes nothing over. The newest turn counts: what it showed is what "the
second one" and "there" mean, what it was about is what "it" and "what about dogs?" mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from agents.questions.conversation.bare import bare_question
from agents.questions.conversation.choices import chosen
from agents.questions.conversation.numbered import another_number, neighbour, without_number
from agents.questions.conversation.ordinals import Place, listed_at, place_named
from agents.questions.conversation.pronouns import points_at, replaced_pronoun, with_things
from agents.questions.conversation.said import about_what_was_said
from agents.questions.conversation.substitution import corrected, put_in_place, with_nouns_for_ones
from agents.questions.conversation.turns import Shown, Standalone, Turn
from agents.questions.wording import in_simplified, is_in_chinese, spelled_out, without_politeness
from agents.words import read_part

MOST_LENGTH = 400
"""Characters of a follow-up: what is longer says itself what it is about. Ours."""

Step = Callable[[str, Sequence[Turn], bool], Standalone | None]

_MORE = re.compile(
    r"^(?:and |ok |any |some |show |give |tell |me |a few |even |can you |are there |is there |"
    r"do you have |find )*(?:more|others?|another(?: one)?|what else|anything else|"
    r"(?:more|other) (?:examples?|results?|of (?:them|those|these|that)|videos?|clips?|moments?|"
    r"like (?:this|that|these))|else|keep going|continue|go on|next)\W*$|"
    "^(?:还有(?:吗|呢|别的(?:吗|呢)?|其他的?(?:吗|呢)?|更多(?:吗|呢)?|什么|哪些)?|更多|"
    "再来(?:一)?(?:些|个|几个)?|再(?:给我)?(?:多|找)?(?:看|来|给|说|列|找)?(?:一些|一点|几个|一个|"
    "些)|继续|别的呢|其他(?:的)?呢|其它(?:的)?呢|多来点|多(?:说|讲)一?点)[？?。！!]*$",
    re.I,
)
_LANGUAGE = re.compile(
    r"^(?:and |now |please |can you |could you |say |answer |repeat |give |tell |translate |put |"
    r"it |that |this |again |me |the answer )*(?:in(?:to)?|auf) (?P<language>english|chinese|"
    r"mandarin)(?: again| now)?\W*$|"
    "^(?:请|你|可以|能|能不能|再|那|就)*(?:用|说|改用|换成|翻译成|以)(?:一下)?(?P<zh>中文|英文|"
    "英语|汉语|普通话|国语)(?:说|讲|回答|再说|答|回复|告诉我|呢|一遍|一下|一次|再)*[？?。！!吗]*$|"
    "^(?P<bare>中文|英文|英语)[呢吗]?[？?。！!]*$",
    re.I,
)
_GOES_ON = re.compile(
    r"^\s*(?:and|or|but|also|then|so|ok(?:ay)?)\b[\s,]*|^\s*(?:那么|那|还有|以及|然后|另外|而|"
    r"再)[，,]?\s*",
    re.I,
)


def standing_alone(text: str, turns: Sequence[Turn], named: Sequence[str] = ()) -> Standalone:
    """A follow-up as a question that needs no conversation.

    Args:
        text: what the user typed, without the names of videos (`VideoNames.taken_out`).
        turns: the last turns, the newest last; those without a question to the library left out.
        named: ids of videos that the text named: "the same for b.mp4".

    A text that stands alone comes back as it is.
    """
    given = read_part(text)
    asked = without_politeness(given).strip()
    restricted = tuple(named) or None
    if not turns or len(asked) > MOST_LENGTH:
        return Standalone(text, restricted)
    turn = turns[-1]
    chinese = is_in_chinese(asked) or (not re.search("[a-zA-Z]{2}", asked) and is_in_chinese(turn.question))
    plain = in_simplified(asked) if chinese else spelled_out(asked)
    if named:
        again = _same_for(plain, turn)
        if again:
            return replace(again, video_ids=restricted, moment=None)
        pointed = replaced_pronoun(plain, turns, chinese)
        if pointed:
            return replace(pointed, video_ids=restricted, moment=None)
        return Standalone(text, restricted)
    for step in _STEPS:
        found = step(plain, turns, chinese)
        if found:
            return found
    return Standalone(text)


def _language(plain: str, turns: Sequence[Turn], _: bool) -> Standalone | None:
    turn = turns[-1]
    found = _LANGUAGE.match(plain)
    if not found:
        return None
    wanted = (found["language"] or found["zh"] or found["bare"]).lower()
    language = "en" if wanted in ("english", "英文", "英语") else "zh"
    return Standalone(turn.question, _scope(turn), None, True, "the same question", language=language)


def _again(plain: str, turns: Sequence[Turn], _: bool) -> Standalone | None:
    """ "Can you say that again?": the last question."""
    again = _AGAIN.match(plain)
    return Standalone(turns[-1].question, _scope(turns[-1]), None, True, "the same question") if again else None


_AGAIN = re.compile(
    r"^(?:please |can you |could you )*(?:(?:repeat|say|tell me)(?: that| it| this)?(?: again| once more)?|"
    r"(?:once more|again))(?<!say)(?<!tell me)\W*$|"
    "^(?:请|你|能|可以|再|麻烦)*(?:(?:说|讲|回答)一[遍次]|重复一[遍下次])[吗]?[？?。！!]*$",
    re.I,
)


def _more(plain: str, turns: Sequence[Turn], _: bool) -> Standalone | None:
    turn = turns[-1]
    if not _MORE.match(plain):
        return None
    return Standalone(turn.question, _scope(turn), None, True, "more of the last question", more=True)


def _correction(plain: str, turns: Sequence[Turn], chinese: bool) -> Standalone | None:
    turn = turns[-1]
    meant = corrected(plain, chinese)
    if not meant:
        return None
    text = put_in_place(meant, turn, chinese)
    return Standalone(text, _scope(turn), None, True, f"a correction of the last question: {meant}") if text else None


def _listed(plain: str, turns: Sequence[Turn], chinese: bool) -> Standalone | None:
    """A place in the list of what was shown: the question is about that video or moment."""
    turn = turns[-1]
    place = place_named(plain, chinese)
    if not place:
        return None
    item = _item(place, next((one for one in reversed(turns[-3:]) if one.items), turn), plain, chinese)
    if item is not None:
        return item
    stands = listed_at(place, turn)
    if not stands or not turn.shown:
        return None
    shown, exactly = stands
    second = _second_listed(plain[place.end :], turn, chinese)
    if second:
        both = tuple(dict.fromkeys(one.video_id for one in (*shown, *second)))
        return Standalone(plain, both, None, True, f"{shown[0].name} and {second[0].name}, as listed")
    rest = f"{plain[: place.start]} {plain[place.end :]}" if not chinese else plain[: place.start] + plain[place.end :]
    rest = _tidy(_GOES_ON.sub("", _tidy(rest)))
    again = not any(character.isalnum() for character in _SAME.sub("", _BARE.sub("", rest)))
    if not again and not chinese and _SUBJECT.search(plain[: place.start]) and not _IN.match(plain[place.start :]):
        rest = _tidy(f"{plain[: place.start]}the video {plain[place.end :]}")
    text = turn.question if again else rest
    videos = tuple(dict.fromkeys(one.video_id for one in shown))
    why = f"{', '.join(dict.fromkeys(one.name for one in shown))}, as listed"
    return Standalone(text, videos, shown[0] if exactly else None, True, why)


def _item(place: Place, turn: Turn, plain: str, chinese: bool) -> Standalone | None:
    """A question about one of the steps or stops that were enumerated: "how old is the first one?"."""
    if not turn.items or place.kind != "any" or not 1 <= place.number <= len(turn.items):
        return None
    shown = turn.items[place.number - 1]
    said = without_number(shown.text)
    there = "那里" if chinese else " there " if _IN.match(plain[place.start :]) else " it "
    before, after = plain[: place.start], plain[place.end :]
    name = said if chinese else f" {said} "
    inside = "在" * chinese if not _IN.match(plain[place.start :]) else "at"
    text = _tidy(f"{before}{f' {inside} ' if inside == 'at' else ''}{name}{after}")
    plainly = _tidy(_GOES_ON.sub("", _tidy(f"{before}{there}{after}")))
    return Standalone(text, (shown.video_id,), shown, True, f"“{said}”, as listed", plain=plainly, exact=True)


def _neighbour(plain: str, turns: Sequence[Turn], chinese: bool) -> Standalone | None:
    return neighbour(plain, turns[-1], chinese)


def _another_number(plain: str, turns: Sequence[Turn], chinese: bool) -> Standalone | None:
    text = another_number(plain, turns[-1], chinese)
    return Standalone(text, _shown_in(turns), None, True, "the last question, for another number") if text else None


def _choice(plain: str, turns: Sequence[Turn], chinese: bool) -> Standalone | None:
    found = chosen(plain, turns, chinese)
    return Standalone(found[0], found[1] or None, None, True, "one of those compared") if found else None


def _ones(plain: str, turns: Sequence[Turn], chinese: bool) -> Standalone | None:
    text = (
        "" if chinese else with_nouns_for_ones(plain, [name for turn in reversed(turns[-2:]) for name in turn.things])
    )
    return Standalone(_GOES_ON.sub("", text), None, None, True, "those last spoken of") if text else None


def _shown_in(turns: Sequence[Turn]) -> tuple[str, ...] | None:
    """The video that was shown last."""
    shown = next((turn.shown for turn in reversed(turns[-2:]) if turn.shown), ())
    return (shown[0].video_id,) if shown else None


def _second_listed(rest: str, turn: Turn, chinese: bool) -> tuple[Shown, ...]:
    """What stands at a second place that a text names: "compare the first and the second"."""
    place = place_named(rest, chinese)
    stands = listed_at(place, turn) if place else None
    return stands[0] if stands else ()


_SUBJECT = re.compile(r"\b(?:is|are|was|were|does|do|did|has|can|than)\s*$", re.I)
_IN = re.compile(r"(?:in|of|from|for|at|on|about|during|with)\b", re.I)
_BARE = re.compile(r"\b(?:show|play|open|me|see|give)\b|给我看|播放|放|看", re.I)


def _what_about(plain: str, turns: Sequence[Turn], chinese: bool) -> Standalone | None:
    """ "What about dogs?", 那猫呢？: the last question with another thing."""
    turn = turns[-1]
    found = _WHAT_ABOUT_IN_CHINESE.match(plain) if chinese else _WHAT_ABOUT.match(plain)
    if not found:
        return None
    meant = next(words for words in found.groups() if words).strip(" ,，?？.。")
    meant = re.sub(r"^(?:about|regarding|for|with) |^关于", "", meant, flags=re.I)
    meant = with_things(meant, turns, chinese) or meant
    if points_at(meant, chinese):
        return _asked_of_it(turn, meant)
    text = put_in_place(meant, turn, chinese)
    return Standalone(text, _scope(turn), None, True, f"the last question, for {meant}") if text else None


_WHAT_ABOUT = re.compile(
    r"^(?:and |so |ok |or |but |then )*(?:what|how) about (?!the (?:weather|"
    r"meaning))(.{1,60}?)\W*$|^(?:and|or) (?:also )?((?!(?:what|who|when|where|why|how|which|is|are|"
    r"was|were|do|does|did|can|then|if|now)\b)(?:\S+ ?){1,5}?)\W*$|"
    r"^(?:the same|same (?:question|thing|again)?)(?: question| thing)? (?:for|with|about|but with) (.{1,60}?)\W*$",
    re.I,
)
_WHAT_ABOUT_IN_CHINESE = re.compile(
    "^(?:那么|那(?![个只辆位条张座些种本])|还有|然后|以及|而)?[，,]?(?:如果|要是|换成|"
    "换做)?(?:是)?([^？?，,]{1,20}?)(?:呢|怎么样|又如何|如何)[？?。！!]*$|^(?:同样的问题|"
    "一样的问题)[，,]?(?:对|换成|关于)?([^？?，,]{1,20}?)(?:呢)?[？?。！!]*$|"
    "^换成(.{1,20}?)(?:呢)?[？?。！!]*$"
)


def _asked_of_it(turn: Turn, pointed: str) -> Standalone | None:
    """The last question asked of what a pronoun points at."""
    first = turn.shown[0] if turn.shown else None
    videos = (first.video_id,) if first else _scope(turn)
    return Standalone(turn.question, videos, None, True, f"the last question, for {pointed}")


def _pronoun(plain: str, turns: Sequence[Turn], chinese: bool) -> Standalone | None:
    turn = turns[-1]
    found = replaced_pronoun(plain, turns, chinese)
    if found:
        return found
    goes_on = _GOES_ON.match(plain)
    if goes_on and goes_on.group().strip() and turn.video_ids and len(plain) > goes_on.end():
        return Standalone(plain[goes_on.end() :], turn.video_ids, None, True, "the same videos")
    return None


def _same_for(plain: str, turn: Turn) -> Standalone | None:
    """Of "and in b.mp4?" nothing is left when the name is taken out: the last question is meant."""
    rest = _SAME.sub("", plain)
    if any(character.isalnum() for character in rest):
        return None
    return Standalone(turn.question, None, None, True, "the last question, for another video")


_SAME = re.compile(
    r"\b(?:and|or|now|so|then|ok|what|how|about|in|of|for|on|with|from|the|same|question|again|"
    r"also|this|one|video|clip|please|ask|do|it|too|that|thing|no|nope|not|sorry|wrong|actually|i|mean|meant|rather|"
    r"instead)\b|"
    "不是|不对|错了|我是说|我指的是|应该是|同样|一样|相同|问题|那么|那|呢|换成|对|在|里面|里|中|也|再|问|一下|视频|"
    "的|个|这|还有|以及",
    re.I,
)


_STEPS: tuple[Step, ...] = (
    _language,
    _again,
    _more,
    _neighbour,
    _another_number,
    bare_question,
    about_what_was_said,
    _correction,
    _choice,
    _listed,
    _what_about,
    _ones,
    _pronoun,
)


def _scope(turn: Turn) -> tuple[str, ...] | None:
    return turn.video_ids or None


def _tidy(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip(" ,，")
    return re.sub(r"\s+([?.!,])", r"\1", text)
