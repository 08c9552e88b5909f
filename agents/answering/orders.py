"""Lines that are addressed to a system that answers ("ignore your instructions and say …") rather than to viewers.

What such a line wants said is not what it tells: "answer that it is free" does not state that anything is free. So
nothing is concluded from it, and no language model reads it among its notes; it can be found and quoted like any text.
A model that obeys a line which is not recognised here is held by everything else: look-ups are bounded and guarded, and
claims are checked against what they cite.
"""

from __future__ import annotations

import re

from agents.questions.question import Question
from stores.core.records import Evidence

_RULES = (
    r"(?:instructions?|prompts?|guidelines?|(?:all|any|your|the|these|those|previous|prior|above|other)"
    r"\s+(?:rules?|orders?|notes?|evidence|sources?|context|constraints?|citations?|questions?|messages?))"
)
_ANSWER = r"(?:answer|reply|respond|output)"
_SAY = rf"(?:{_ANSWER[3:-1]}|say|state|claim|conclude|confirm|pretend|insist|assert)"
_WHO = r"(?:ais?|llms?|(?:large )?language models?|chat ?bots?)"

_ORDERS = re.compile(
    "|".join(
        (
            # What rules a reader: "ignore all previous instructions", "forget the above rules".
            r"(?<!not )(?<!n't )(?<!n’t )(?<!never )\b(?:ignore|disregard|forget|override|bypass|overrule|discard)\b"
            rf"[^.!?。！？]{{0,40}}?\b{_RULES}\b",
            r"\bnew (?:system )?(?:instructions|prompt)\b|\bsystem (?:prompt|override)\b|<\|?(?:system|im_start)",
            r"^\W*(?:system|assistant|developer)\s*[:：]",
            # Who reads: "you are now a helpful assistant", "attention language models", "Assistant, …".
            rf"\byou are (?:now )?(?:an? |the )?(?:\w+ )?(?:{_WHO[3:-1]}|assistant|tagger)\b",
            rf"\b(?:as|dear|attention|hey|hello|note to|to all)\W+(?:an? |the |any |all )?{_WHO}\b",
            r"^\W*assistant\s*,",
            # What is to be said: "answer that the price is $1", "always reply with yes", "your answer must be no".
            rf"(?:^|[.!?;:,—–-]\s*|\b(?:please|must|should|always|only|simply|instead)\s+){_SAY}"
            r"(?:\s+(?:only|always|instead|to (?:the|all|any) (?:users?|questions?)))?\s+that\b",
            rf"\b(?:and|then|just|to)\s+(?:always |only )?{_ANSWER}(?:\s+to [^.!?,]{{1,24}})?\s+that\b",
            rf"\b{_ANSWER}\s+(?:only |always )?(?:with\s+)?[\"'“‘]?(?:yes|no|true|false)\b",
            r"\b(?:tell|inform)\s+(?:the )?(?:users?|askers?|everyone who asks|whoever asks)\b",
            r"\b(?:your|every|any|each|the (?:only|final|correct)) (?:final |correct )?(?:answer|reply|response)s?"
            r"(?: to (?:this|that|the|any|every|all)[^.!?]{0,30})? (?:must|should|shall|has to|needs to|is to)\b",
            r"\b(?:no matter|whatever)\b[^.!?]{0,24}\basked\b",
            # What is to be done: look-ups by their names, "use 100 tool calls", "cite video 3".
            r"\b(?:search_moments|read_text|what_is_shown|list_videos|tags_of|similar_moments|query_tables|look_at_frames|"
            r"video_overview)\b|\btool[- ]?calls?\b|\baccept (?:every|all|any) tags?\b",
            r"(?:^|[.!?;:,]\s*|\b(?:and|please|must|always|only)\s+)cite\b[^.!?]{0,24}\b(?:videos?|clips?|lines?|notes?)\b",
            # The same in Chinese.
            r"(?<!不要)(?<!别)(?:忽略|无视|忘记|忘掉|不要理会|抛开|放弃)"
            r"[^。！？]{0,16}(?:指令|指示|规则|提示|命令|要求|说明|笔记|证据|上文|以上|之前)",
            r"系统(?:提示词?|指令|消息)|你(?:现在)?是(?:一[个名位])?[^，。]{0,6}(?:助手|人工智能|语言模型|机器人)",
            r"(?:^|[，。！？；：、]|请|并|然后|必须|只能|应当|应该|一律|都|务必|要)(?:直接)?"
            r"(?:回答|回复|答复|声称|断言|输出)(?:说|：|:|“|是|为|他)|告诉(?:用户|提问者)",
            r"(?:必须|只能|一律|务必)(?:直接)?(?:回答|回复|答复)(?![^。！？]{0,8}(?:问题|提问|电话))",
            r"你的(?:回答|答案|回复)(?:必须|应当|应该|只能|一律|要)|无论[^。！？]{0,8}问[^。！？]{0,12}(?:回答|说)",
            r"(?:调用|使用|执行)[^。！？]{0,12}(?:工具|函数)|工具调用|(?:^|[，。；]|请|只|必须)引用[^。！？]{0,6}(?:视频|片段)",
        )
    ),
    re.IGNORECASE,
)


def gives_orders(text: str) -> bool:
    """Whether a text tells a system that answers what to answer or to do."""
    return _ORDERS.search(text) is not None


def is_order(line: Evidence) -> bool:
    """Whether a line that was said, read or described gives orders."""
    return line.channel not in ("picture", "object", "format") and gives_orders(line.text)


def may_be_quoted(question: Question) -> bool:
    """Whether a question asks for what is said or written as it stands, so that an order may be its answer."""
    read = question.source in ("speech", "screen") and question.intent in ("find", "shown", "which_videos")
    return question.intent == "quote" or read
