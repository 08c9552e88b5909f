"""Who and what a question or an answer names, so that a later "she", "it", "the other one" can be told to mean it.

There is no parser: English noun phrases begin with a determiner or a capital and end before a word that cannot be part
of one; a Chinese question is about what stands before its first verb or question word.
"""

from __future__ import annotations

import re

from agents.questions.things import BREAKS
from agents.questions.wording import is_in_chinese
from stores.core.text_keys import HAN

MOST = 6
"""Mentions of one text. Ours."""

_WORD = re.compile(r"[^\W_]+(?:['’&.-][^\W_]+)*|[^\s\w]")
_OPENS = frozenset("the a an this that these those any some my our your his her its their many much which what".split())
_NO_NOUN = BREAKS | frozenset(
    "what which who whom whose when where why how is are was were do does did can could will would should may might "
    "has have had be been the a an and or but if then yes no not it he she they we you i me him them us his her its "
    "their my our your this that these those there here old long fast big tall wide deep heavy high far expensive "
    "cheap soon fine ok okay possible available called named made built held given based allowed closed open".split()
)
_ATTRIBUTE = re.compile(
    r"^(?:full |last |first |real |exact |total )?(?:names?|titles?|jobs?|roles?|positions?|ages?|prices?|costs?|"
    r"colou?rs?|scores?|results?|weights?|sizes?|lengths?|heights?|widths?|speeds?|phone|numbers?|phone numbers?|"
    r"address(?:es)?|dates?|days?|times?|years?|hours?|months?|weeks?|reasons?|places?|amounts?|codes?|passwords?|"
    r"kinds?|types?|sorts?|"
    r"profession|occupation|weather|way|direction|difference|topic|point|problem|advantages?|disadvantages?|screen)$",
    re.I,
)
_ATTRIBUTE_IN_CHINESE = re.compile(
    "^(?:名字|姓名|职位|职业|职务|头衔|工作|年龄|年纪|价格|售价|价钱|颜色|重量|大小|尺寸|长度|高度|速度|电话|号码|"
    "电话号码|"
    "地址|日期|时间|时候|原因|地点|地方|数量|密码|种类|优点|缺点|屏幕|天气|比分|分数|结果|方向|区别|多少|"
    "第[一二三四五六七八九十\\d]+[步站条章课节]|"
    "最后一?[步站条]|下一?[步站]|总部|门票|人|几|什么|谁|哪)$"
)
_ATTRIBUTE_WITHIN = re.compile(
    "(?:什么|哪些|的|^)(名字|职位|职业|年龄|价格|售价|颜色|重量|尺寸|长度|高度|速度|电话|地址|日期|优点|"
    "缺点)(?=[是有？?多吗呢]|$)"
)
_BEFORE_QUESTION = re.compile(
    "多少|几[点个辆只条位天秒岁年月号分]|什么|谁|哪|怎么|为何|为什么|是不是|有没有|会不会|能不能|多[长大久高重快远]|"
    "[吗呢吧]|是|有|在(?!线)|叫|姓|往|向|做|拿|穿|戴|说(?!明)|讲(?![座师台])|卖(?![部场])|要(?!求)|需要|"
    "(?<![智功性])能(?![手力])|"
    "(?<![大开])会(?![议员])|可以|出现|上市|开门|关门|成立|举行|负责|"
    "[?？。，,！!]"
)
_LEADING = re.compile(
    "^(?:请|帮我|给我|我想|想|那么?|然后|还有|找一下|找|看看?|总结一下|总结|关于|在|这[款个位辆只条部段张名些家座]?|"
    "那[款个位辆只条部段张名些家座]?|有|做)+"
)
_CAPITAL = re.compile(r"^[A-Z][\w'’-]*$")
_QUOTES = re.compile(r"[（(]?[“\"「『][^”\"」』]*[”\"」』][）)]?")
_FRAME = re.compile(
    r"^(?:seen|said|on screen|someone says|yes|no|看到|听到|画面文字|是的|没有|不|有人说)[:：.,，。]?\s*|"
    r"^[^\s:：]+\.\w{2,4}[:：]?\s*",
    re.I,
)
_AT_END = re.compile(r"\s+(?:at|from|in all|moves?|is|was|and) .*$|\s+(?:at|from) \d.*$|[:：].*$|\s*第?\d+秒.*$", re.I)
_COUNTS_FROM = re.compile("最[后先早初]|首先|第[一二三四五六七八九十\\d]")
_COUNTS = re.compile(
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|\w+teen|\w+ty|hundred|half|"
    r"last|next)\b|"
    "[一二两三四五六七八九十百千万]+[^人]|星期|周[一二三四五六日]|今天|明天|昨天",
    re.I,
)
_IN_ANSWER = re.compile(r"\s+and\s+|[,，、]\s*|和")


def mentioned(text: str) -> tuple[str, ...]:
    """The things and persons that a question names, in their order, without mere attributes ("the price")."""
    return _in_chinese(text) if is_in_chinese(text) else _in_english(text)


def introduced(answer: str) -> tuple[str, ...]:
    """The things and persons that an answer names outside of what it quotes; none if it is a number or a sentence."""
    found: list[str] = []
    for claim in re.split(r"[;；]", answer):
        head = _FRAME.sub("", _FRAME.sub("", _QUOTES.sub("", claim).strip()))
        head = _AT_END.sub("", head)
        for part in _IN_ANSWER.split(head):
            name = re.sub(r"^(?:the|an?)\s+", "", part.strip(" .。,"), flags=re.I)
            if _nameable(name):
                found.append(name)
    return tuple(dict.fromkeys(found))[:MOST]


def is_attribute(name: str) -> bool:
    """Whether a noun is what something has rather than a thing of its own: its name, price, colour, 重量."""
    return bool(_ATTRIBUTE.match(name) or _ATTRIBUTE_IN_CHINESE.match(name))


def attribute_in(text: str) -> str:
    """The first Chinese attribute in a text, standing alone: 缺点 in 手机有什么缺点; "" for none."""
    found = _ATTRIBUTE_WITHIN.search(text)
    return found[1] if found else ""


def _nameable(name: str) -> bool:
    if (
        not name
        or _COUNTS_FROM.match(name)
        or re.search(
            r"\d|"
            r"[“”？?]",
            name,
        )
        or _COUNTS.match(name)
        or is_attribute(name)
    ):
        return False
    if re.search(f"[{HAN}]", name):
        return 1 < len(name) <= 8 or (len(name) == 1 and name in "猫狗鸟马牛羊鱼车船")
    words = name.split()
    return (
        len(words) <= 4
        and (words[0].lower() not in _NO_NOUN)
        and not name.lower().startswith(("because", "the library"))
    )


def _in_english(text: str) -> tuple[str, ...]:
    found: list[str] = []
    words = [*_WORD.findall(re.sub(r"['’]s\b", " 's", text)), "."]
    at, after_do = 0, False
    while at < len(words):
        word = words[at]
        lower = word.lower()
        after_do = after_do or lower in ("do", "does", "did")
        opened = lower in _OPENS and at + 1 < len(words)
        proper = at > 0 and bool(_CAPITAL.match(word)) and lower not in ("i",)
        if not (opened or proper):
            at += 1
            continue
        start = at + 1 if opened else at
        end = start
        while end < len(words) and _in_phrase(words, end, start):
            end += 1
        run = words[start:end]
        stop = words[end].lower() if end < len(words) else "."
        if after_do and len(run) > 1 and lower not in ("what", "which") and not _verb(stop):
            run = run[:-1]  # "does the coffee maker make"
            after_do = False
        if run and run[0][0].isalnum() and not (lower in ("what", "which", "much") and len(run) > 2):
            name = " ".join(run)
            if (
                stop == "of"
                and _CAPITAL.match(run[-1])
                and _CAPITAL.match(words[end + 1] if end + 1 < len(words) else "")
            ):
                name = f"{name} of {words[end + 1]}"
                end += 2
            if not is_attribute(name):
                found.append(name)
        at = max(end, at + 1)
    return tuple(dict.fromkeys(found))[:MOST]


def _in_phrase(words: list[str], at: int, start: int) -> bool:
    word, lower = words[at], words[at].lower()
    if not word[0].isalnum() or at - start >= 4:
        return False
    if lower in _NO_NOUN:
        return at == start and lower in (
            "old",
            "long",
            "big",
            "tall",
            "fast",
            "first",
            "second",
            "last",
            "next",
            "open",
        )
    return not (
        at > start
        and re.search(r"[a-z]{3}(?:ing|ed)$", lower)
        and not re.search("ring$|bed$|building$|painting$", lower)
    )


def _verb(word: str) -> bool:
    return word in BREAKS and not re.fullmatch(r"in|on|at|of|for|with|to|from|the|a|an|and|or|by", word)


def _in_chinese(text: str) -> tuple[str, ...]:
    head = _LEADING.sub("", text.strip())
    cut = _BEFORE_QUESTION.search(head)
    head = head[: cut.start()] if cut else head
    found = []
    for part in re.split("和|跟|与|还是|或者?|、", head):
        owner, _, thing = part.partition("的")
        owner, thing = (owner, "") if re.match("画面|镜头|片段|场景|视频|地方", thing) else (owner, thing)
        name = part if thing and re.search("[红绿蓝黄黑白灰紫橙粉棕]色?$|^.$|大$|小$", owner) else owner
        name = re.sub("(?:视频|影片|短片|录像)$", "", name.strip())
        if (
            name
            and len(name) <= 10
            and not _COUNTS_FROM.match(name)
            and not is_attribute(name)
            and not re.match("[他她它这那我你您]", name)
        ):
            found.append(name)
    return tuple(dict.fromkeys(found))[:MOST]
