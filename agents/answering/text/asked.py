"""What kind of thing a question asks for, and the words that its answer must be about.

Finer than `Question.wants`: a reader of lines must know whether a number is a price, a year or a telephone number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from agents.answering.text.kinds import CLASSES, GENERAL, KIND_WORDS, LIGHT_FORMS, PATTERNS, Kind
from agents.answering.text.role_words import has_role
from agents.questions.question import Question, Source, Wants
from agents.words import FUNCTION_WORDS, Term, content_terms
from encoders.plurals import singular
from stores.core.text_keys import HAN, search_key

_OF_WANTS: dict[Wants, frozenset[Kind]] = {
    "price": frozenset({"price", "percent"}),
    "date": frozenset({"date", "year", "clock"}),
    "place": frozenset({"place"}),
    "colour": frozenset({"colour"}),
    "reason": frozenset({"reason"}),
    "duration": frozenset({"duration"}),
}
_PLAIN: dict[Wants, Kind] = {
    "price": "price",
    "date": "date",
    "place": "place",
    "colour": "colour",
    "reason": "reason",
    "duration": "duration",
}

_QUESTION_IN_CHINESE = re.compile(
    r"卖多少钱|多少钱|那个人|这个人|的人|几块钱|多少元|多少块|多少|百分之几|星期几|周几|礼拜几|几[个次位名条只人种本张台件杯勺间层楼页步班趟门节辆匹头架艘座点岁年月号折元天]|哪一?[个座家种条所国](?:城市|国家|地方|公司|省份?|人|学校|"
    r"大学|房间)?|哪一?[些年天位支里儿]|什么时候|什么时间|什么地方|"
    r"什么样|什么|为什么|为何|怎么样?|怎样|如何|谁|吗|呢|是不是|有没有|请问|多[高远重快深宽长久大厚]|"
    r"职位|职业|职务|工作|身份|价格|价钱|售价|名字|名称|叫做?|原因|用来|用途|作用|地址|地点|位置|在哪[里儿]|时间|日期|电话号码?|号码|网址|网站|邮箱|"
    r"根据|按照|视频[里中]?|片[子段][里中]?|画面[上中里]?|屏幕[上中里]|字幕[上中里]?|文字|幻灯片[上中里]?|标题|片名|片头|"
    r"说话[者人]|说话的人|讲话[者人]|主持人|讲述者|旁白|女士|先生|男人|女人|有人|他们|她们|他|她|它|"
    r"[这那哪某每](?:[个款部位座家条只种台辆件本张间次支名首场段道些]|一[个款部位座家条只种台辆件本张间次支名首场段道])|第一次|"
    r"关于|有关|现在|目前|一共|总共|全部|大概|大约|具体|到底|多少[个位名条只人种本张台件米克斤吨公里升度]+|"
    r"能不能|可不可以|能用|能|介绍|卖多少|姓什么|"
    r"提到|提及|说到|讲到|说过?|讲过?|写着|显示|告诉|需要|应该|可以|意思|含义|代表|标志|上面|里面"
)
_CHINESE_SPLIT = re.compile("[的了着是在和与及有对把被从将就都也很这那里为会要做得地吧啊呢么]|[^" + HAN + "]")
_SCENE = re.compile(
    r"\b(?:in|from|of|during)\s+(?:the|a|this|that)\s+(?:[\w-]+\s+)?(?:video|clip|film|movie|"
    r"footage|recording|scene)s?\s+"
    r"(?:about|with|of|on|where|showing|that shows|in which)\s+(?P<scene>[^?,.]+)|"
    r"\b(?:in|from|during)\s+(?:the|a)\s+(?P<before>(?:[\w-]+\s+){1,3})(?:video|clip|film|footage|recording)s?\b|"
    f"(?:在)?(?:关于|有关)?(?P<chinese>[{HAN}]{{2,8}}?)的?(?:那个|这个|那段|那条)?(?:视频|片子|短片)[里中]",
    re.I,
)
_ABOUT_SPEAKER = re.compile(r"[,，]?\s*\baccording to (?:the|a|this|that)?\s*(?:\w+\s*){1,3}(?=[?.,]|$)", re.I)
_PROPER = re.compile(r"(?<!^)(?<![.!?]\s)\b[A-Z][\w'’-]*(?:\s+[A-Z][\w'’-]*)*")
_NUMBERS = re.compile(r"\d+(?:[.,:]\d+)*")
_UNIT = re.compile(
    r"\bhow many (?P<unit>(?:[\w-]+ ){0,2}?[\w-]+?)(?= (?:is|are|was|were|does|do|did|can|will|"
    r"has|have|would|should|must|"
    r"in|on|of|at|for|to|per|there|you|we|they|he|she|it|the|a|take|takes|took|came|come|"
    r"people)\b|[?.,]|$)",
    re.I,
)
_ORDINAL = re.compile(
    r"\b(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last)\b(?! (?:\w+ed|"
    r"isolated|built|made|seen|shown|found)\b)|第[一二三四五六七八九十\d]+"
)
_MEASURE_WORD = re.compile(r"(?:多少|几)(?P<unit>[个次位名条只人种本张台件杯勺间层楼页步]?[" + HAN + r"]{0,3})")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks for.

    Attributes:
        kind: of thing.
        focus: the words that an answer must be about, without those for the kind and the channel.
        phrases: of a Chinese question, what is between its particles, instead of ``focus``.
        light: words of ``focus`` that may be said in another way.
        scene: words that say in which video it is; they need not stand near the answer.
        unit: of a number, the words for what is counted.
        proper: names in the question, as keys.
        numbers: numbers in the question.
        negated: whether it asks for what is not.
        ordinals: "first", 第二 and the like in the question.
        text: the question without the words for the video.
        counted: of a Chinese question, the measure word and the noun of what is counted.
    """

    kind: Kind
    focus: tuple[Term, ...]
    phrases: tuple[str, ...]
    light: frozenset[str]
    scene: tuple[Term, ...]
    unit: tuple[Term, ...]
    proper: frozenset[str]
    numbers: frozenset[str]
    negated: bool
    ordinals: frozenset[str] = frozenset()
    text: str = ""
    counted: str = ""


_NEGATED = re.compile(
    r"\b(not|never|no|without|cannot|\w+n['’]t|forbidden|prohibited|banned)\b|禁止|不[能准许要可得该应]|"
    r"没有?(?!有没有)|不可以|不是(?!不是)",
    re.I,
)


_ALLOWED = frozenset("allowed allow permitted permit".split())
"""What is not allowed is often written as "no …"."""


def ordinals_in(text: str) -> frozenset[str]:
    """ "first", 第二 and the like in a text."""
    return frozenset(found.group() for found in _ORDINAL.finditer(search_key(text)))


def denies(text: str) -> bool:
    """Whether a text denies something."""
    return bool(_NEGATED.search(text))


@lru_cache(maxsize=256)
def asked_of(question: Question) -> Asked:
    """What a question asks for."""
    text = _ABOUT_SPEAKER.sub("", question.text)
    scene_found = _SCENE.search(text)
    scene = next((group for group in scene_found.groups() if group), "") if scene_found else ""
    rest = f"{text[: scene_found.start()]} {text[scene_found.end() :]}" if scene_found else text
    kind = _kind(rest, question)
    scene_terms = tuple(term for term in content_terms(scene) if not _is_general(term)) if scene else ()
    counted = _unit(rest, kind)
    negated = bool(_NEGATED.search(rest))
    focus: tuple[Term, ...] = ()
    phrases: tuple[str, ...] = ()
    if question.chinese:
        phrases = _phrases(rest)
    else:
        kind_words = {singular(word) for word in KIND_WORDS[kind].split()}
        focus = tuple(
            term
            for term in content_terms(rest)
            if not _is_general(term, rest)
            and term.text not in kind_words
            and term not in counted
            and not (negated and term.text in _ALLOWED)
        )
    return Asked(
        kind=kind,
        focus=focus,
        phrases=phrases,
        light=frozenset(term.text for term in focus if _is_light(term, rest, focus)),
        scene=scene_terms,
        unit=counted,
        proper=_proper(rest),
        numbers=frozenset(_NUMBERS.findall(rest)),
        negated=negated,
        ordinals=ordinals_in(rest),
        text=rest,
        counted=counted_in_chinese(rest) if question.chinese and kind == "number" else "",
    )


_HEAD = re.compile(
    r"\b(?:what|which)\s+(?:(?:kind|type|sort|brand|make)s? of )?(?P<head>(?:[\w-]+ ){0,2}?[\w-]+?)"
    r"(?= of\b| (?:is|are|was|were|do|does|did|can|will|would|should|has|have|had|won|made|came|"
    r"went|got|led|ran|[\w-]+ed|[\w-]+s)\b|\W*$)",
    re.I,
)


def _is_light(term: Term, text: str, focus: Sequence[Term]) -> bool:
    """Whether an answer need not say a word: a verb of little content, or the class of what is asked for ("team")."""
    if term.text in LIGHT_FORMS or term.text in _AFTER_LIGHT.findall(search_key(text)):
        return True
    found = _HEAD.search(text)
    heads = [singular(word) for word in search_key(found["head"]).split()] if found else []
    return len(focus) > 1 and term.text in heads[-2:] and term.text in CLASSES


_AFTER_LIGHT = re.compile(r"\b(?:like|love|want|need|have|going|plan|try|use|able)s?d? to (\w+)")


def is_yes_or_no(question: Question) -> bool:
    """Whether a question asks if something is so."""
    return (question.yes_or_no or bool(_WHETHER.search(question.text))) and not _WH.search(question.text)


_WHETHER = re.compile(r"^\W*(?:is|are|was|were|do|does|did|can|could|has|have|had|will|would|should|must|may)\b", re.I)
_WH = re.compile(r"\b(?:what|which|who|whose|where|why|how)\b(?!.*\bwhether\b)|什么|哪|谁|为何|几[个点月号]|多少", re.I)


_EXACT_WORDS = re.compile(
    r"\b(?:the|which|what|exact|whole) (?:words|sentence|line|quote|quotation)\b|^\W*quote\b|原话|原文|那句", re.I
)
_ON_SCREEN = re.compile(
    r"\b(?:signs?|slides?|on (?:the )?screen|titles?|headlines?|captions?|posters?|banners?|"
    r"written|text|subtitles?|labels?)\b|"
    r"屏幕[上中里]|字幕|标题|文字|写着|写了|写的|招牌|牌子|幻灯片|片名",
    re.I,
)


def source_of(question: Question, asked: Asked) -> Source | None:
    """The only channel that can answer, None if speech and text on screen both can."""
    if asked.kind == "title" or _ON_SCREEN.search(question.text):
        return "screen"  # "What does the sign say?" asks for no speech
    return question.source if question.source in ("speech", "screen") else None


_CLASS_ASKED = re.compile(r"\b(?:which|what)\b|哪|什么", re.I)


def _is_general(term: Term, text: str = "") -> bool:
    if term.text == "library":
        return not _A_LIBRARY.search(text)
    return term.text in GENERAL


_A_LIBRARY = re.compile(r"(?<!in )(?<!of )(?<!from )\bthe library\b", re.I)
"""A building, unless something is in the library: then it is this one."""


def _kind(text: str, question: Question) -> Kind:
    found = [kind for kind, pattern in PATTERNS if pattern.search(text)]
    wanted = _OF_WANTS.get(question.wants)
    if wanted is not None and found[:1] not in (["email"], ["link"], ["phone"], ["code"], ["often"]):
        return next((kind for kind in found if kind in wanted), _PLAIN[question.wants])
    if is_yes_or_no(question):
        return "thing"
    if _EXACT_WORDS.search(text):
        return "quote"
    if "quote" in found and found[0] not in (
        "price",
        "percent",
        "phone",
        "link",
        "email",
        "year",
        "clock",
        "date",
        "duration",
        "age",
        "measure",
        "number",
        "reason",
    ):
        # "What does she say the price is?" asks for the price; "What does she say about the title?" for her words.
        specific = [
            kind for kind in found if kind in ("place", "purpose", "meaning", "title", "colour", "name", "person")
        ]
        return specific[0] if specific else "quote"
    if question.wants == "name" and not found and not _CLASS_ASKED.search(text):
        return "name"
    if found[:1] == ["role"] and re.search(r"\bwhose\b|谁", text, re.I):
        return "person"
    if found and found[0] == "person" and _ROLE_OF.search(text):
        return "role"
    if found and found[0] == "place" and re.search(r"\b(e-?mail|web)\b", text, re.I):
        return "link"
    kind = found[0] if found else "thing"
    if kind == "name" and has_role(text):
        return "person"  # "the name of the test pilot"
    return kind


_ROLE_OF = re.compile(
    rf"^\W*[Ww]ho (?:is|was|'s) (?:(?:dr|mr|mrs|ms|"
    rf"prof)\.? )?[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)*\s*[?.]*\s*$|^[{HAN}]{{2,4}}是谁[？?]?$"
)


def _unit(text: str, kind: Kind) -> tuple[Term, ...]:
    if kind not in ("number", "duration", "measure"):
        return ()
    found = _UNIT.search(text)
    if found:
        return tuple(
            Term(singular(word), False) for word in search_key(found["unit"]).split() if word not in FUNCTION_WORDS
        )
    return ()


def counted_in_chinese(text: str) -> str:
    """The measure word and noun of "多少个苹果": what stands with the number of its answer."""
    found = _MEASURE_WORD.search(text)
    return found["unit"] if found else ""


_ONCE = re.compile("(?<=[\u4e00-\u9fff])一[次下](?=[\u4e00-\u9fff])")
"""Between a verb and its object: 充一次电."""


def _phrases(text: str) -> tuple[str, ...]:
    plain = _QUESTION_IN_CHINESE.sub(" ", _ONCE.sub("", search_key(text)))
    found = [piece for piece in _CHINESE_SPLIT.split(plain) if piece]
    latin = [term.text for term in content_terms(re.sub(f"[{HAN}]+", " ", plain)) if not _is_general(term)]
    return tuple(dict.fromkeys([*found, *latin]))


def _proper(text: str) -> frozenset[str]:
    names = (name for found in _PROPER.findall(text) for name in re.split(r"\s+", found))
    return frozenset(key for name in names if (key := search_key(name).split("'")[0]) not in FUNCTION_WORDS)
