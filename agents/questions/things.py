"""The things that a question is about: what it counts, compares, times or looks for, as words for a search in pictures.

There is no parser for either language here. Noun phrases lie between words that cannot be part of one, and those are
few: function words, verbs of seeing and saying, words of questions.
"""

from __future__ import annotations

import re

from agents.questions.question import Intent
from agents.words import FUNCTION_WORDS, SCAFFOLD_WORDS
from stores.core.text_keys import CJK

MOST_THINGS = 4
"""Things of one question. Ours: more are a list, not a question."""

MOST_WORDS = 5
"""Words of one English noun phrase; what is longer has a verb in it that was not recognised. Ours."""

_WORD = re.compile(r"[^\W_]+(?:['’&.-][^\W_]+)*|[,;:?!.]|[\"“”]")

BREAKS = (
    FUNCTION_WORDS
    | (SCAFFOLD_WORDS - frozenset("people person someone somebody everybody everyone anybody anyone".split()))
    | frozenset(
        "appear appears appeared appearing visible come comes came coming enter enters entered leave leaves left start "
        "starts started begin begins began end ends ended hold holds held wear wears wore carry carries carried look "
        "looks looking find search list display displays contain contains contained include includes feature features "
        "featuring showing mention mentions mentioned mentioning talk talks talked talking discuss discusses discussed "
        "speak speaks spoke explain explains explained describe describes described think thinks hear heard there else "
        "first last next then finally exactly ever still already also please tell give get locate take jump skip play "
        "exist exists happen happens happened happening going actually together currently total altogether number "
        "count amount tag tags tagged color colour colors colours shape long longer shorter bigger larger smaller "
        "taller faster slower older newer younger louder brighter darker better worse earlier later cheaper heavier "
        "higher lower fewer less than compare compared comparison difference differences different similar between "
        "common versus vs time times second seconds minute minutes often many much same both two summary summarize "
        "summarise search anything anyone any something near behind beside under above below during while because "
        "containing mentioned spotted spot notice within along across around inside outside among per via let want "
        "need would like frame screen picture image camera".split()
    )
) - frozenset("one".split())
_VERB_FORM = re.compile(r".{2,}(?:ing|ed)$", re.I)
_NO_VERB = re.compile(
    r"^(?:building|ceiling|wedding|painting|string|ring|king|thing|wing|evening|morning|clothing|"
    r"red|bed|seed|shed|weed|speed|bread|hundred|sibling|dumpling|duckling|pudding|earring|drawing|"
    r"railing|sled)s?$",
    re.I,
)
_ASKED_WITH_DO = re.compile(r"\b(?:do|does|did|can|could|will|would)\b", re.I)
_NO_NAME = re.compile(r"^\W*$")
_ABOUT = re.compile(r"\b(?:about|regarding|concerning|on|of)\b\s+(.+)", re.I)
_COUNTED = re.compile(
    r"\b(?:how many|number of|amount of|total of|count)\b(?: of)?(?: (?:the|different|other|more|"
    r"these|those|all|such|a|total))*\s+(.+)",
    re.I,
)
_TIMES = re.compile(r"^(?:separate |single )?times\b", re.I)
_QUOTED = re.compile(r"[\"“「『'‘](?P<words>[^\"”」』'’]{1,60})[\"”」』'’]")
_MANY = re.compile(r"[^s]s$|^(?:people|men|women|children|sheep|fish|mice|geese|feet|teeth|deer|persons)$", re.I)
_GROUPS = frozenset("glass sports news series".split())
_OF = re.compile(
    r"^(?:cups?|glass(?:es)?|bottles?|pieces?|slices?|pairs?|kinds?|types?|sorts?|groups?|packs?|"
    r"bowls?|species|breeds?|members?)$",
    re.I,
)


_ORDERS = re.compile(r"\b(?:after|before|between|until|follow(?:s|ed|ing)?|preced(?:es?|ed|ing)|while)\b")


def things_in_english(asked: str, intent: Intent) -> tuple[str, ...]:
    """The noun phrases that an English question counts, compares, times or looks for; the first one comes first."""
    counted = _COUNTED.search(asked) if intent in ("count", "fact", "when") else None
    if counted and not _TIMES.match(counted[1]):
        return _phrases(counted[1], 1, asked_with_do=True, of=True)
    if intent in ("quote", "fact", "order", "find") or (counted and _TIMES.match(counted[1])):
        quoted = _QUOTED.search(asked)
        if quoted and (intent == "quote" or counted):
            return (quoted["words"].strip(),)
    if intent in ("quote", "summarise"):
        about = _ABOUT.search(asked)
        if about:
            return _phrases(about[1], MOST_THINGS, asked_with_do=False)
    if intent in ("summarise", "metadata", "tags", "nothing"):
        return ()
    several = intent == "compare"
    if intent in ("order", "when"):
        asked = (
            re.split(r"\b(?:after|before|between|until|follow(?:s|ed|ing)?|preced(?:es?|ed|ing)|while)\b", asked)[0]
            or asked
        )
    return _phrases(asked, 3 if several else MOST_THINGS, bool(_ASKED_WITH_DO.search(asked)), apart=several)


def _phrases(text: str, most: int, asked_with_do: bool, *, of: bool = False, apart: bool = False) -> tuple[str, ...]:
    """The first noun phrase and those joined to it by "and" or "or"; all of them if they may stand ``apart``."""
    found: list[str] = []
    run: list[str] = []
    joined = True
    after_do = False
    words = [*_WORD.findall(text.replace("'s ", " 's ")), "."]
    for word in words:
        lower = word.lower()
        if of and lower == "of" and run and _OF.match(run[-1]):
            run.append(word)
            continue
        if (lower not in BREAKS and lower != "'s" and word[0].isalnum() and len(lower) > 1) or (run and lower == "s"):
            cuts = run and _VERB_FORM.match(lower) and not _NO_VERB.match(lower)
            cuts = cuts or (of and bool(run) and bool(_MANY.search(run[-1])) and run[-1].lower() not in _GROUPS)
            if not cuts and not lower.endswith("ly"):
                run.append(word)
                continue
            if lower.endswith("ly") and not cuts:
                continue
        if run:
            if asked_with_do and after_do and len(run) > 1 and not found and not of:
                run = run[:-1]  # "does the old woman sell": the last word is the verb
            if len(run) > MOST_WORDS:
                run = run[:MOST_WORDS]
            if not joined and not apart:
                break
            found.append(" ".join(run))
            run, joined = [], False
            if len(found) >= most:
                break
        if lower in ("and", "or", "than", "nor") and found:
            joined = True
        elif _ASKED_WITH_DO.fullmatch(lower):
            after_do = True
        elif found and not joined and not apart and lower not in ("a", "an", "the", "any", "some"):
            break
    return tuple(dict.fromkeys(found))


_MEASURES = "个只条匹头辆架艘位张把座台件棵朵本支枝块颗名群种次部段份杯瓶碗盘双对间栋扇套顶根幅"
_COUNTED_IN_CHINESE = re.compile(
    f"(?:多少|几)(?:[{_MEASURES}])?(?:不同的?)?(?P<thing>[^，,。？?！!；;]+?)(?=在|正|会|被|来|去|"
    f"出现|走|跑|站|坐|穿|戴|拿|参加|$|[，,。？?！!；;])"
)
_COUNTED_BEFORE = re.compile(
    f"(?P<thing>[^，,。？?！!；;]+?)(?:一共|总共|共)?(?:有|出现|来|看到)?了?(?:多少|"
    f"几)[{_MEASURES}]?[吗呢啊呀]*(?:$|[，,。？?！!])"
)
_PLACE_BEFORE = re.compile("^.*(?:里面|里边|里头|里|中|上面|上|下面|旁边)(?:面|边)?(?:的|一共|总共|共|有|出现)*")
_SCAFFOLD_IN_CHINESE = re.compile(
    f"(?<![一二三四五六七八九十])(?:这|那)(?:一)?[些{_MEASURES}](?!频)|"
    "(?:这|那|哪)(?:一)?[些几]?[个段部条]?(?:视频|影片|片段|录像|片子|短片|镜头)[里中内]?(?:面)?|"
    "视频[里中内]?(?:面)?|影片[里中]?|片段[里中]?|录像[里中]?|画面[里中上]?|镜头[里中]?|"
    "什么时候|什么时间|何时|几点钟?|第几(?:秒钟?|分钟?)|哪(?:一)?(?:秒|分钟|刻)|第一次|首次|最早|"
    "最先|最后一次|最后|最初|多久|多长时间|"
    "为什么|为何|怎么样|怎么|怎样|如何|什么样的?|什么|哪里|哪儿|哪些|哪个|哪一个|哪位|哪|谁|"
    "多少钱|多少|几[次个]|吗|呢|吧|么|"
    "有没有|是不是|会不会|能不能|有哪些|是否|可以|能够?|出现|看得?到|看得?见|看到|看见|见到|找到|"
    "找出|找找|找|搜索|搜|查找|查|显示|展示|列出|播放|跳到|定位到?|"
    "包含|含有|提到|提及|谈到|谈论|讲到|说到|说起|说过|说了|写着|写了|正在|在场|开始|结束|露面|"
    "登场|入镜|所有|全部|一共|总共|给我|帮我|请|我想|我要|看看|"
    "颜色|有关|关于|之间|区别|不同|比较|对比|相比|更[长短大小多少快慢高矮早晚贵便宜]*|哪一?个|"
    "一样|相同|段落|的地方|的画面|的镜头|的片段|的场景|的时刻|的视频|的影片|里面|"
    "(?<![一-鿿])有(?=[一-鿿])"
)
_CUTS_IN_CHINESE = re.compile(
    f"[^{CJK}a-z0-9的 .&-]+|手里拿|手上拿|手里|手上|头上|身上|拿着?|穿着?|戴着?|做着?|吃着?|喝着?|"
    f"正在|都|也|就|还|了|着|过|是|在|有|和|跟|与|还是|或者?|或|被|把|对|用|从|到|说|讲|谈|认为|"
    f"觉得"
)
_FEW = re.compile("^[的一二两三个只条这那里中上下它他她们我你您人们会想要 ]*$")
_AT_EDGES = re.compile(
    "^(?:的|一个|一只|一条|一辆|一位|一名|那个|这个|那只|这只|那位|这位|那些|这些|那|这|个|里|中|"
    "上|第一个|当)+|(?:的|里|中|上|时|时候|里的)+$"
)


def things_in_chinese(key: str, intent: Intent) -> tuple[str, ...]:
    """The same of a Chinese question in Simplified characters."""
    if intent in ("summarise", "metadata", "tags", "nothing"):
        return ()
    if intent == "count":
        counted = _COUNTED_IN_CHINESE.search(key)
        if counted and not _FEW.match(_tidy(counted["thing"])):
            return (_tidy(counted["thing"]),)
        before = _COUNTED_BEFORE.search(key)
        if before:
            thing = _tidy(_SCAFFOLD_IN_CHINESE.sub("", _PLACE_BEFORE.sub("", before["thing"])))
            if thing:
                return (thing,)
    quoted = _QUOTED.search(key)
    if quoted:
        return (quoted["words"].strip(),)
    if intent in ("order", "when"):
        key = (
            re.sub(
                "[^，,。？?！!；;]*?(?:之后|以后|之前|以前|后|前)(?=[，,]|[他她它们你我谁这那发出又做还有是说什么])",
                "",
                key,
                count=1,
            )
            or key
        )
    parts = _CUTS_IN_CHINESE.split(_SCAFFOLD_IN_CHINESE.sub("，", key))
    names = [name for name in map(_tidy, parts) if name and not _FEW.match(name)]
    most = 3 if intent == "compare" else 1
    joined = re.search(f"{re.escape(names[0])}(?:和|跟|与|或者|或|还是)", key) if names else None
    return tuple(dict.fromkeys(names))[: max(most, 2 if joined else 1)]


def _tidy(name: str) -> str:
    name = name.strip()
    for _ in range(3):
        name = _AT_EDGES.sub("", name).strip()
    return name
