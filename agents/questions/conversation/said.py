"""Follow-ups about what was just shown or said: "Who says that?", "When was that?", 为什么？ and the like."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.questions.conversation.bare import MANY
from agents.questions.conversation.referents import NAME, thing_meant
from agents.questions.conversation.turns import Standalone, Turn

_WHY = re.compile(
    r"^(?:and |but |so )*(?:why(?: is (?:that|this|it)(?: so)?| so| not| that| was (?:that|this))?|"
    r"how come|for what reason|what for|how so|how(?: do you know)?)\W*$|^(?:那|但是|"
    r"可是)?(?:为什么(?:呢|这样|会这样|啊)?|为何|为啥(?:呢)?|怎么会(?:这样)?|怎么知道的?|凭什么|"
    r"原因呢|理由呢)[？?。！!]*$",
    re.I,
)
_SAID_THAT = re.compile(
    r"^(?:and |so )*(?:who|which (?:one|person|speaker)) (?:says?|said|is saying|was saying|"
    r"told (?:them|him|her|us)?|mention(?:s|ed)|is speaking|speaks?|does|did|is|was) ?(?:that|this|"
    r"it|so|those words|there|here)?\W*$|"
    "^(?:那|这|这话|那话|这句话|那句话|这些|这个)?(?:是|都是)?谁(?:在)?(?:说|讲|提|做|干)(?:的|了|"
    "过|到)?(?:这|那|这个|那个|这话|那话|这句话|这些)?(?:的)?[？?。！!呢]*$|^(?:这|那)(?:个|"
    "位)?是谁[？?。！!]*$",
    re.I,
)
_WHEN_THAT = re.compile(
    r"^(?:and |so )*(?:when|at (?:what|which) (?:time|second|minute|point)|what time|"
    r"where in the video)(?: exactly)? ?(?:(?:is|was|does|did|do) (?:that|this|it|he|she|"
    r"they)(?: (?:happen|said|shown|say (?:that|so|it)|appear|do (?:that|it)|mentioned|seen))?|"
    r"exactly|precisely)?\W*$|"
    "^(?:那|这|那个|这个|这话|那句话|这句话|它|他|她)?(?:是)?(?:在)?(?:什么时候|何时|第几秒|"
    "第几分钟|几分几秒|哪一秒|几点|什么时间)(?:的|说的|发生的|出现的|的事|发生|"
    "出现)?(?:呢)?[？?。！!]*$",
    re.I,
)
_WHERE_THAT = re.compile(
    r"^(?:and |so )*where(?: exactly)? ?(?:(?:is|was|does|did) (?:that|this)(?: happen| filmed|"
    r" take place)?|exactly)?\W*$|^(?:那|这)?(?:是)?(?:在)?(?:哪里|哪儿|什么地方|哪)(?:的|发生的|"
    r"拍的)?(?:呢)?[？?。！!]*$",
    re.I,
)
_APPEARS = re.compile(r"\b(?:appear|seen|visible)\b|\bdo they\b|出现", re.I)
_SENTENCE = re.compile(r"\S+ \S+ \S+|[\u3400-\u9fff]{5}|\d")


def about_what_was_said(plain: str, turns: Sequence[Turn], chinese: bool) -> Standalone | None:
    """ "Who says that?", "why?", "when was that?": about the first moment that was shown."""
    turn = turns[-1]
    if not turn.question:
        return None
    moment = turn.shown[0] if turn.shown else None
    videos = (moment.video_id,) if moment else turn.video_ids or None
    said = moment.text.strip(" .。") if moment else ""
    topic = turn.question.strip(" ?？.。")
    forms = (
        (_WHY, "Why: {}?", "为什么：{}？"),
        (_SAID_THAT, "Who says “{}”?", "谁说的“{}”？"),
        (_WHEN_THAT, "When: {}?", "什么时候：{}？"),
        (_WHERE_THAT, "Where: {}?", "在哪里：{}？"),
    )
    thing = thing_meant(turns)
    if thing and _WHEN_THAT.match(plain) and (_APPEARS.search(plain) or (said and not _SENTENCE.search(said))):
        text = f"{thing}什么时候出现？" if chinese else f"When {'do' if MANY.search(thing) else 'does'} {thing} appear?"
        text = text if chinese or NAME.match(thing) else text.replace(f" {thing}", f" the {thing}", 1)
        return Standalone(text, videos, None, True, "what was shown" if moment else "the last question")
    for form, english, in_chinese in forms:
        if form.match(plain):
            about = said if said and form in (_SAID_THAT, _WHEN_THAT) else topic
            text = (in_chinese if chinese else english).format(about)
            return Standalone(text, videos, moment, True, "what was shown" if moment else "the last question")
    return None
