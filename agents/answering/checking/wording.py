"""The words of a claim that carry meaning, and whether words of its evidence are forms of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from agents.answering.checking.quantities import without_quantities
from agents.answering.checking.traits import traits
from agents.words import FUNCTION_WORDS
from encoders.plurals import singular
from stores.core.text_keys import CJK, search_key

_IRREGULAR = {
    form: forms.split()[0]
    for forms in (
        "take took taken,give gave given,buy bought,rise rose risen rising,make made making,go goes went gone,"
        "come came coming,"
        "see saw seen,say said,tell told,get got gotten,find found,leave left,lose lost,build built,send sent,"
        "spend spent,"
        "keep kept,teach taught,think thought,bring brought,catch caught,sell sold,hold held,stand stood,sit "
        "sat sitting,"
        "run ran running,swim swam swum,sing sang sung,begin began begun,drink drank drunk,eat ate eaten,fall "
        "fell fallen,"
        "drive drove driven driving,ride rode ridden riding,write wrote written writing,speak spoke spoken,"
        "break broke "
        "broken,choose chose chosen,wear wore worn,fly flew flown,grow grew grown,know knew known,throw threw thrown,"
        "draw drew drawn,show shown,win won winning,feel felt,meet met,pay paid,hear heard,lead led,read,sleep slept,"
        "fight fought,forget forgot forgotten,hide hid hidden,shake shook shaken,steal stole stolen,wake woke woken,"
        "become became,feed fed,lay laid,lie lay lain lying,shoot shot,shut,light lit,dig dug,hang hung,bite "
        "bit bitten,"
        "good better best,bad worse worst,child children,person people,mouse mice,foot feet,tooth teeth,man men,"
        "woman women,"
        "favourite favorite,colour color,metre meter,litre liter,centre center,grey gray,maths math,theatre theater,"
        "neighbour neighbor,jewellery jewelry,tyre tire,aluminium aluminum,mum mom,programme program"
    ).split(",")
    for form in forms.split()
}
_SUFFIXES = frozenset(
    "s es ed d ing r er ers or ors y ly ous al ion tion ation ment ness able ful ity ist n en ic ical ish an "
    "ian ance ence "
    "ized ised ize ise iness ier iest est e in ure ive le".split()
)
_PARTICLE = re.compile(r"(?<=^[a-xz])['’](?=[^\W\d_]{3})")
_LATIN = re.compile(rf"(?:(?![{CJK}])[^\W\d_])+(?:['’-](?:(?![{CJK}])[^\W\d_])+)*")
_CJK_RUN = re.compile(f"[{CJK}]+")
_VERB_BEFORE = frozenset(
    "to can must should will would may might could shall not never don't doesn't didn't do does did it he she "
    "they you we i "
    "who which that".split()
)
_NOUN_BEFORE = frozenset(
    "a an the this that these those my your his her its our their some any no every each of in on at with".split()
)

LIGHT = frozenset(
    "say mention explain describe talk speak tell state speaker narrator presenter voice person someone "
    "somebody anyone anybody everyone everybody nobody people video clip "
    "scene screen moment footage picture image text title caption subtitle sign line note yes no okay answer "
    "question ask "
    "see show appear visible display hear read write written "
    "include contain consist have get go come be do make need want use become call name know thing way kind "
    "type sort "
    "located locate according account total number amount also well too only there here so therefore thus "
    "because since "
    "while as like such etc that which who one ones other another own same per about approximately around "
    "roughly nearly "
    "almost exactly just even still already again very much many more most less all some every each both none "
    "never ever "
    "now then first last finally next before after during until between among along within without upon via let "
    "lot lots "
    "would could can may might must should shall will able has had been being will is are was were dr mr mrs ms prof "
    "yours theirs ours his hers himself herself themselves itself myself yourself ourselves them us me him however "
    "instead rather quite both either neither if whether though although than up down out off over under back away "
    "cover comprise involve feature present be's happen occur take place part piece pieces case fact "
    "right left beside next near nearby together side".split()
)
"""Words that frame a statement and need no evidence: verbs of saying, showing and having, degrees, pronouns."""

_CJK_LIGHT = re.compile(
    "[这那几每某哪一两三四五六七八九十0-9][个只位辆份本条名种张台件座把块头匹架艘家]|"
    + "|".join(
        sorted(
            (
                "视频 画面 片段 镜头 字幕 文字 标题 看到 看见 听到 显示 出现 写着 提到 说到 讲到 表示 介绍 说明 "
                "里面 其中 这里 "
                "那里 这个 那个 这些 那些 这家 这辆 这款 这种 那种 他们 她们 它们 我们 你们 咱们 大家 自己 人们 "
                "有人 名字 叫做 "
                "一个 一只 一位 一辆 一份 一本 一条 一名 一种 一些 一张 一台 一把 一块 一件 一头 一匹 一架 一艘 "
                "两个 什么 多少 "
                "怎么样 怎么 如何 为什么 哪里 哪儿 哪个 哪些 谁 几 "
                "因为 所以 因此 但是 而且 或者 以及 还有 就是 不是 是否 已经 正在 进行 需要 可以 能够 必须 应该 "
                "应当 可能 会 能 要 "
                "全部 所有 大部分 大多数 多数 有些 有的 只有 没有 首先 然后 最后 之前 之后 以前 以后 时候 时间 "
                "东西 非常 十分 "
                "大约 大概 左右 一共 总共 共有 颜色 的 了 着 过 是 在 和 与 跟 及 有 这 那 哪 他 她 它 我 你 您 "
                "们 也 还 都 就 "
                "才 又 再 很 太 更 最 先 后 前 不 没 别 把 被 让 使 给 对 向 从 到 由 为 以 于 而 且 或 但 并 "
                "则 若 如 里 中 上 "
                "下 内 外 边 呢 吗 吧 啊 呀 嘛 得 地 之 其 所 可 该 此 每 各 某 个 只 种 些 "
                "称 说 讲 叫 "
                "请 时 用 去 来 一"
            ).split(),
            key=len,
            reverse=True,
        )
    )
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word that carries meaning.

    Attributes:
        key: its base form.
        text: as written.
        name: whether it is written as a proper name.
        verb: whether it looks like a verb, by its suffix and the word before it.
        start: where it stands.
    """

    key: str
    text: str
    name: bool
    verb: bool
    start: int


@lru_cache(maxsize=16384)
def base(word: str) -> str:
    """The base form of an English word, roughly: "shipped" → "ship", "dishes" → "dish", "took" → "take"."""
    # What stands before the apostrophe, which is no word of its own in O'Brien and D'Angelo.
    word = re.split("['’]", _PARTICLE.sub("", search_key(word)))[0]
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    one = singular(word)
    if one in _IRREGULAR:
        return _IRREGULAR[one]
    for suffix in ("ing", "ed"):
        stem = one.removesuffix(suffix)
        if stem != one and len(stem) >= 3 and re.search("[aeiouy]", stem):
            if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "lsz":
                stem = stem[:-1]
            return stem
    return one


@lru_cache(maxsize=65536)
def same_word(one: str, other: str) -> bool:
    """Whether two base forms are one word or derived from one: "poison" and "poisonous", not "butter" and
    "butterfly"."""
    if one == other:
        return True
    if one.rstrip("e") == other.rstrip("e") and len(one) > 3:
        return True
    short, long = sorted((one, other), key=len)
    if len(short) < 4:
        return False
    shared = 0
    while shared < len(short) and short[shared] == long[shared]:
        shared += 1
    if shared < max(4, len(short) - 2):
        return False
    return (short[shared:] == "" or short[shared:] in _SUFFIXES) and long[shared:] in _SUFFIXES | {long[shared - 1]}


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[Token, ...]:
    """The English words (or words of other alphabets) of a text that carry meaning, without numbers and without the
    words of which one excludes the other (`traits`)."""
    plain = without_quantities(text)
    taken = [(one.start, one.end) for one in traits(text) if one.kind != "more or less"]
    found = []
    before = ""
    sentence_start = True
    end = 0
    for hit in _LATIN.finditer(plain):
        gap = plain[end : hit.start()]
        sentence_start = end == 0 or bool(re.search(r"[.!?:\n“\"(]", gap))
        end = hit.end()
        word, low = hit.group(), hit.group().lower()
        key = base(low)
        cased = word[0].isupper() and not low.startswith(("i'", "i’")) and low != "i"
        known = (
            low.endswith(("n't", "n’t"))
            or low in FUNCTION_WORDS
            or key in FUNCTION_WORDS
            or key in LIGHT
            or low in LIGHT
        )
        if not known and not any(start <= hit.start() < stop for start, stop in taken):
            name = cased and not sentence_start
            verb = not name and _looks_like_a_verb(low, before, gap)
            found.append(Token(key, word, name, verb, hit.start()))
        before = low
    return tuple(found)


def _looks_like_a_verb(low: str, before: str, gap: str) -> bool:
    if before in _NOUN_BEFORE and gap.isspace():
        return False
    if before in _VERB_BEFORE and gap.isspace():
        return True
    return len(low) > 4 and low.endswith(("ed", "ing"))


def chinese_left(claim: str, material: str) -> list[str]:
    """The Chinese parts of a claim that its material does not have: a part counts as there where two characters of it
    stand side by side in the material, a single one where it is all that is between such parts.

    Args:
        material: the lines, in the same language.
    """
    source = _CJK_LIGHT.sub(" ", search_key(without_quantities(material)))
    whole = search_key(material)
    left: list[str] = []
    for run in _CJK_RUN.findall(_CJK_LIGHT.sub(" ", _without_traits(claim))):
        covered = [False] * len(run)
        for size in (2, 3, 4):
            for i in range(len(run) - size + 1):
                if run[i : i + size] in source or run[i : i + size] in whole:
                    covered[i : i + size] = [True] * size
        for gap in re.finditer("0+", "".join("01"[one] for one in covered)):
            part = run[gap.start() : gap.end()]
            if not (len(part) == 1 and part in whole):
                left.append(part)
    return left


def _without_traits(text: str) -> str:
    letters = list(search_key(without_quantities(text)))
    for one in traits(text):
        if one.end <= len(letters):
            letters[one.start : one.end] = " " * (one.end - one.start)
    return "".join(letters)


def has_chinese(text: str) -> bool:
    """Whether there is a character of Chinese, Japanese or Korean."""
    return bool(_CJK_RUN.search(text))


_CLAUSE_ENDS = re.compile(
    r"(?<=[a-z\u4e00-\u9fff\d)%’'\"])[.!?](?=\s|$)|[;:\n。！？；：，“”\"]|,(?!\d)(?!\s*(?:before|after|in|on|at|"
    r"with|for|by|from|because|to|of|than|without|until)\b)|\s+(?:and|but|while|whereas|then|so that)\s+|但是|"
    r"但|然后|而",
    re.I,
)


@lru_cache(maxsize=4096)
def clauses(text: str) -> tuple[str, ...]:
    """A text cut at its punctuation and between main clauses and members of a list."""
    parts = (part.strip(" .,") for part in _CLAUSE_ENDS.split(text))
    return tuple(part for part in parts if part)
