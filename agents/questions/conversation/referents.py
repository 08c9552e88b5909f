"""Which person or thing of a conversation a pronoun means: the last one named that can be it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agents.questions.conversation.mentions import is_attribute
from agents.questions.conversation.turns import Turn
from stores.core.text_keys import HAN

MOST_BACK = 4
"""Turns that are looked back. Ours: what was named before is forgotten."""

PERSONS = re.compile(
    r"\b(?:man|men|woman|women|boy|girl|person|people|guy|lady|child|children|kid|teacher|speaker|"
    r"presenter|host|guest|doctor|nurse|chef|cook|player|driver|singer|actor|actress|pilot|engineer|mayor|designer|"
    r"guide|student|worker|farmer|officer|soldier|president|minister|director|narrator|reporter|"
    r"journalist|coach|artist|author|baby|mother|father|brother|sister|friend|everyone|somebody|"
    r"someone|"
    r"mr|mrs|ms|dr|professor|captain|king|queen|girls|boys|dancer|runner|rider|swimmer|couple|family|crowd|team|"
    r"head of \w+)s?\b|"
    "人|男孩|女孩|男子|女子|先生|女士|小姐|老师|主持|嘉宾|医生|护士|厨师|球员|司机|歌手|演员|导游|"
    "学生|工人|农民|警察|记者|教练|作者|导演|孩子|妈妈|爸爸|教授|讲师|小王|老板|宝宝|舞者|骑手|设计师|工程师|经理",
    re.I,
)
_LIKE_A_PERSON = re.compile(
    r"\w(?:man|men|er|or|ist|ian|ess|eur|boy|girl|mate)s?$|[夫手员师生者家长妇爷奶婆公娃匠兵友]$", re.I
)
NAME = re.compile(r"^(?:[A-Z][\w'’-]+)(?: [A-Z][\w'’-]+){0,2}$")
_NAME_IN_CHINESE = re.compile(
    f"^[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕][{HAN}]{{1,2}}$"
)
_THINGS_IN_ER = re.compile(
    r"\b(?:\w+ )?(?:paper|letter|water|river|tower|\w*maker|flower|dinner|computer|printer|poster|counter|shower|"
    r"ladder|"
    r"hammer|banner|butter|pepper|scooter|trailer|tractor|mirror|door|floor|motor|monitor|helicopter|sweater|filter|"
    r"cooker|toaster|mixer|drawer|super\w+|container|charger|speakers|freezer|heater|trailer|dishwasher|corner)s?$|"
    "(?:扶手|把手|公司|大家|国家|机器人)$",
    re.I,
)
_ANIMALS = re.compile(
    r"\b(?:cat|dog|bird|horse|cow|sheep|goat|pig|duck|goose|swan|hen|rooster|chicken|rabbit|mouse|hamster|parrot|puppy|"
    r"kitten|pony|fox|wolf|bear|lion|tiger|elephant|monkey|eagle|owl|fish|turtle|snake|pet|animal|whale|dolphin|"
    r"deer)s?\b|"
    "[猫狗鸟马牛羊猪鸭鹅兔鼠熊虎狮象猴鹰鱼龟蛇鹿]$|宠物|动物",
    re.I,
)
_MALE = re.compile(r"\b(?:man|men|boy|guy|father|brother|king|actor|mr)\b|男|先生|爸爸", re.I)
_FEMALE = re.compile(r"\b(?:woman|women|girl|lady|mother|sister|queen|actress|mrs|ms)\b|女|小姐|妈妈", re.I)


def person_meant(turns: Sequence[Turn], pronoun: str = "") -> str:
    """The person, else the animal, that "he" or "she" means; "" if nobody was named."""
    other = _FEMALE if pronoun in ("he", "him", "his", "himself", "他") else _MALE
    other = other if pronoun not in ("", "他们", "她们") else re.compile(r"(?!)")
    for turn in reversed(turns[-MOST_BACK:]):
        names = [name for name in _named([turn]) if not other.search(name)]
        for fits in (_surely_a_person, _likely_a_person, _is_an_animal):
            if name := next(filter(fits, names), ""):
                return name
    return ""


def thing_meant(turns: Sequence[Turn]) -> str:
    """The thing that "it" means, what is surely no person first; "" if nothing was named."""
    everything = list(_named(turns))
    newest = list(_named(turns[-1:]))
    for names in (newest, everything):
        things = [name for name in names if not _surely_a_person(name)]
        objects = [name for name in things if not _likely_a_person(name)]
        if objects or things:
            return (objects or things)[0]
    return (everything or [""])[0]


def several_meant(turns: Sequence[Turn]) -> str:
    """Those that "they" means: the first named in the plural, else whatever was named first."""
    newest = list(_named(turns[-1:])) or list(_named(turns))
    plural = [name for name in newest if re.search(r"[^s]s$|^(?:people|men|women|children|geese|sheep)$", name, re.I)]
    return (plural or newest or [""])[0]


def alternatives(turns: Sequence[Turn]) -> tuple[str, ...]:
    """The two or more things of the last turn that spoke of several: "which costs more, the lamp or the chair?"."""
    for turn in reversed(turns[-MOST_BACK:]):
        names = tuple(name for name in turn.things if not is_attribute(name))
        if len(names) > 1 and re.search(r"\b(?:or|and|than|versus|vs)\b|和|跟|与|还是|比", turn.question):
            return names
    return ()


def _named(turns: Sequence[Turn]) -> Iterator[str]:
    """What was named, the newest turn first: what an answer introduced before what was asked about."""
    for turn in reversed(turns[-MOST_BACK:]):
        seen = turn.said if _ASKS_FOR_ONE.search(turn.question) else ()
        for name in (*seen, *turn.things, *turn.said):
            if not is_attribute(name):
                yield name


_ASKS_FOR_ONE = re.compile(
    r"\bwho\b|\bname\b|\b(?:what|which)\b(?! (?:is|are|was|were)? ?(?:the |its |their |his |her )?"
    r"(?:colou?rs?|size|price|cost|age|weight|height|length|speed|reason|shape|date|day|year|time|direction|way|"
    r"weather|"
    r"advantages?|disadvantages?)\b)|谁|哪[位一]?[个只位]|名字|什么(?:[？?]|$|[动植]物|东西|人)",
    re.I,
)
"""Questions whose answer names somebody or something rather than what is so of it."""


def _surely_a_person(name: str) -> bool:
    return bool(PERSONS.search(name) or (NAME.match(name) and not PLACES.search(name)) or _NAME_IN_CHINESE.match(name))


def _is_an_animal(name: str) -> bool:
    return bool(_ANIMALS.search(name))


def _likely_a_person(name: str) -> bool:
    return bool(_LIKE_A_PERSON.search(name)) and not _THINGS_IN_ER.search(name)


PLACES = re.compile(r"\b(?:\d|Room|Street|Road|Hall|Wi-Fi|[A-Z]{2,})")
