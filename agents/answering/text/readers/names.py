"""Names of people, things and places, and the roles that stand beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.answering.text.readers.reading import Reading, readings
from agents.answering.text.role_words import ROLES_IN_CHINESE, has_role
from agents.words import FUNCTION_WORDS
from stores.core.text_keys import HAN, search_key

SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳鲍史唐费廉岑薛雷贺倪汤"
    "滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭"
    "梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫经房裘缪解应宗丁宣邓郁单杭洪包诸左石崔吉龚程嵇邢裴陆荣翁荀羊惠曲封储靳段焦巴谷车侯全班仰秋仲伊宫宁仇甘"
    "厉武符刘景詹龙叶幸司黎薄印白怀蒲从索赖卓蔺屠池乔闻党翟谭贡姬申扶冉宰雍桑桂牛寿通边燕冀尚农温庄晏柴瞿阎慕连茹习宦艾鱼容向古易廖终居衡步都耿满弘匡文寇广"
    "欧殳沃利蔚越隆师巩聂晁勾敖融冷辛阚那简饶曾关查游"
)
_WORD = r"(?:[A-ZÀ-ÖØ-Þ][\w'’À-ÿ-]*\.?)"
_PARTICLE = r"(?:van|von|de|del|della|da|di|la|le|bin|al|el|der|den|du|dos|ter)"
PERSON = (
    r"(?:(?:Dr|Mr|Mrs|Ms|Prof|Professor|Captain|Sir|Doctor|Chef|"
    rf"Coach)\.? )?{_WORD}(?: (?:{_PARTICLE} )*{_WORD}){{0,3}}"
)
"""A person's name as it is written, for a pattern that heeds case."""

_INTRODUCED = (
    re.compile(rf"\b(?:[Mm]y|[Hh]is|[Hh]er) (?:full )?name(?: is|'s|’s|:| was) (?P<a>{PERSON})"),
    re.compile(
        rf"\b(?:I am|I'm|I’m|[Tt]his is|[Mm]eet|[Ww]elcome|[Ii]ntroducing|[Hh]ere is|[Tt]hat is|"
        rf"[Tt]hanks? to|[Tt]hank you,?) (?P<a>{PERSON})(?=[,.!?;]|$| (?:and|from|with|here|the|your|"
        rf"who|our|a|an|speaking|for)\b)"
    ),
    re.compile(rf"\b(?:called|named|known as|call(?:s|ed)? (?:him|her|me|us)) (?P<a>{PERSON})"),
    re.compile(
        rf"\b(?:by|with|featuring|starring|presented by|hosted by|directed by|written by|painted by|"
        rf"built by|invented by|taught by|led by|narrated by|discovered by|composed by|won by|given by|"
        rf"[Dd]r\.?|[Pp]rofessor|[Cc]aptain|[Cc]oach|[Cc]hef|[Mm]ayor|[Pp]resident) (?P<a>{PERSON})"
    ),
)
_APPOSED = re.compile(
    rf"\b(?:[Mm]y|[Oo]ur|[Hh]is|[Hh]er|[Tt]heir) (?:[a-z]+ )?[a-z]+,? (?P<a>{PERSON})"
    r"(?=[,.!?;]|$| (?:and|is|was|has|who|will|can|helps?|helped|likes?|loves?|lives?|from|with|in|on)\b)"
)
""" "my neighbour Anna", "our dog Rex"."""
_NUMBERED = re.compile(r"^(?:\d.*|[A-Z][a-z]+ (?:[A-Z]|[A-Z]?\d+\w*))$")
"""Room 12, Stop 3, 17:00: no names."""
_LOOSE_NAME = re.compile(rf"(?P<a>{PERSON})")
_CHINESE_INTRODUCED = (
    re.compile(
        f"(?:我|他|她|它|名字|名|姓名|本人|这位)?(?:叫做|叫|名叫|名为|称为|取名)(?P<a>[{HAN}·]{{2,6}}?)(?=[，,。！!；\\s”》、]|$|是|的|来|在|，)"
    ),
    re.compile(
        f"(?:我是|他是|她是|这位是|这是|欢迎|有请|来自)(?P<a>[{SURNAMES}][{HAN}]{{1,2}})(?=[，,。！!；\\s、]|$|老师|先生|女士|教授|医生)"
    ),
    re.compile(
        f"(?:姓名|主讲|讲师|作者|导演|主持人?|嘉宾|编剧|摄影|记者|主演|演唱|作曲|负责人|制片)[:：\\s]\\s*(?P<a>[{HAN}·]{{2,4}})"
    ),
)
_SAYS = re.compile(
    r"\b(?P<a>(?:[Tt]he|[Aa]n?|[Oo]ur|[Mm]y) (?:\w+ ){1,3}?)(?=(?:says?|said|told|explain(?:s|ed)|"
    r"thinks|announced|claims|adds|added)\b)"
)
_CHINESE_PERSON = re.compile(f"(?<![{HAN}])(?P<a>[{SURNAMES}][{HAN}]{{1,2}})(?![{HAN}])")
_CHINESE_AFTER_ROLE = re.compile(
    f"(?:{ROLES_IN_CHINESE.pattern})(?P<a>[{SURNAMES}][{HAN}]{{1,2}}?)"
    f"(?=[，,。\\s、]|$|[上下今明昨在是说将和于为来用教把也会]|告诉)"
)
_CHINESE_WITH_ROLE = re.compile(
    f"(?P<a>[{SURNAMES}][{HAN}]{{0,2}}?)(?=老师|教授|医生|先生|女士|经理|主任|工程师|教练|厨师|校长|师傅|博士|院长)"
)
_QUOTED = re.compile(r"[《「『“\"‘](?P<a>[^》」』”\"’]{1,40})[》」』”\"’]")
_CALLED = re.compile(
    r"\b(?:called|named|known as|titled|entitled|name(?:s)? (?:is|are|was|of)|brand (?:is|name)|"
    r"it's|is|we call (?:it|this|him|her)|introducing|try|welcome to)\s+(?:the |a |"
    r"an )?(?P<a>[A-Z0-9][\w'’&+.-]*(?: (?:[A-Z0-9][\w'’&+-]*|of|the|and|&))*)",
    re.M,
)
_CALLED_PLAIN = re.compile(
    r"\b(?:called|named|known as|name(?:s)? (?:is|are|was))\s+(?:the |a |an )?(?P<a>[\w'’-]+(?: [\w'’-]+)?)", re.I
)
_CHINESE_CALLED = re.compile(
    f"(?:叫做|名叫|名为|叫|称为|品牌是|名字是|名称[:：是])(?P<a>[{HAN}A-Za-z0-9·]{{2,12}}?)(?=[，,。！!；\\s]|$|的)"
)
_NAMES = re.compile(r"(?<![\w])(?P<a>[A-Z][\w'’&-]*(?: (?:(?:of|the|and|de|la|&) )?[A-Z0-9][\w'’&-]*)*)")
_NO_NAME = FUNCTION_WORDS | frozenset(
    "monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays "
    "thursdays fridays saturdays sundays "
    "january february march april june july august september "
    "october november december welcome hello thanks thank please today tomorrow yesterday now "
    "then next first second third "
    "finally okay ok yes well so oh hey hi new sale free open closed price only just step "
    "chapter part lesson page contact "
    "call visit subscribe follow like share click learn more about our your the dear good "
    "morning afternoon evening sorry "
    "let sure great because after before during while since maybe everyone everybody english chinese mr mrs ms dr come "
    "north south east west tel phone email fax www http https com speaker title name mom dad sir "
    "madam really going glad "
    "happy ready here back late sorry tired hungry".split()
)
_PLACES = (
    re.compile(
        r"\b(?P<a>(?:in|at|on|near|from|to|inside|behind|next to|under|underneath|opposite|between|"
        r"above|below|outside|beside|across|along|around|off|into|through|by)"
        r" (?:(?:the|a|an|our|my|your|his|her|their|this|"
        r"that) )?(?:[\w'’-]+ ){0,3}?[\w'’-]+?(?:,? [A-Z][\w'’-]+)*)(?=[.,;!?/]|$| (?:and|because|"
        r"where|which|that|who|when|so|but|is|are|was|were|has|have|will|for|with|to|at|on|in|every|"
        r"from|until|since|after|before|by|today|tomorrow|you|we|they|he|she|it)\b)",
        re.I,
    ),
)
_ADDRESS = (
    re.compile(
        r"\b\d{1,5}[a-z]? (?:[A-Z][\w'’-]+ ){1,3}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Boulevard|"
        r"Blvd|Drive|Square|Way|Court|Place|Alley)\b\.?(?:, [A-Z][\w ]+)?"
    ),
    re.compile(r"\b(?:Address|Location|Venue|Where|Place)\s*[:：]\s*(?P<a>[^/\n]+)", re.I),
    re.compile(
        r"\b(?:Room|Hall|Gate|Platform|Floor|Building|Level|Terminal|Track|Pier|Booth|Stand|Aisle) [A-Z]?\d*[A-Z]?\b"
    ),
    re.compile(r"\b(?:the )?(?:first|second|third|fourth|fifth|sixth|ground|top) floor\b", re.I),
    re.compile("(?:地址|地点|位置|会场)[:：\\s是]\\s*(?P<a>[^，。/\\n]{2,30})"),
    re.compile(
        f"(?:位于|坐落在|坐落于|来自|住在|出生在|出生于|到达|前往|座落在)(?P<a>[{HAN}A-Za-z0-9]{{2,14}}?)(?=[，,。！!；\\s/]|$|的|举行|见面|买|集合)"
    ),
    re.compile(
        f"(?P<a>(?:在|到|去|从)[{HAN}A-Za-z0-9]{{1,12}}?(?:里|里面|上|上面|下|下面|边|旁边|旁|前|前面|后|后面|对面|附近|中间|门口|之间|"
        f"市|省|县|村|镇|区|路|街|广场|公园|大厅|厅|馆|站|楼|层|室|店|门|院|园|桥|岛|湖|山|河|海边|家|学校|医院|机场|码头|房间|厨房|"
        f"车站))(?=[，,。！!；\\s/]|$|[{HAN}])"
    ),
    re.compile(
        f"(?:在)(?P<a>[{HAN}]{{2,8}}?)(?=举行|举办|开|见面|买|卖|集合|工作|上班|长大|拍摄|领取|等|[，,。！!；\\s/]|$)"
    ),
)
_NAMED_PLACE = re.compile(
    r"(?:^|/ )(?P<a>(?:[A-Z][\w'’-]+ ){1,3}(?:Hall|Theat(?:re|er)|Museum|Park|School|Station|Church|Library|Square|"
    r"Stadium|Arena|Hotel|Caf[eé]|Restaurant|Cent(?:re|er)|Gallery|Gardens?|Market|Harbou?r|Castle|University|"
    r"Airport|Hospital|Beach|Island|Lake|Mountain))(?=$| /)"
)
_TIME_NOUN = re.compile(
    r"\b(?:second|minute|hour|day|week|month|year|morning|afternoon|evening|night|moment|time|end|"
    r"beginning|meantime|future|past|fact|case|order|addition|general|way|monday|tuesday|"
    r"wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august|"
    r"september|october|november|december|spring|summer|autumn|winter|noon|midnight|degrees?|"
    r"percent|euros?|dollars?|first|last|once|least|all|it|you|me|him|her|them|us|this|that)s?\b|"
    r"\d",
    re.I,
)


def people(text: str) -> Iterator[Reading]:
    """Names of people: surely those who are introduced, less surely every name."""
    for pattern in _INTRODUCED:
        for found in readings(pattern, text):
            yield from _trimmed(found, 1.0)
    for pattern in _CHINESE_INTRODUCED:
        for found in readings(pattern, text):
            if not ROLES_IN_CHINESE.fullmatch(found.text):
                yield found
    for found in readings(_APPOSED, text):
        yield from _trimmed(found, 0.9)
    yield from readings(_SAYS, text, 0.55)
    yield from readings(_CHINESE_PERSON, text, 0.7)
    yield from readings(_CHINESE_WITH_ROLE, text, 0.8)
    yield from readings(_CHINESE_AFTER_ROLE, text, 0.9)
    for found in readings(_LOOSE_NAME, text):
        for name in _trimmed(found, 0.6):
            titled = re.match(r"(?:Dr|Mr|Mrs|Ms|Prof|Professor|Captain|Doctor|Chef|Coach)\b", name.text)
            first = not text[: name.start].strip() or text[: name.start].rstrip()[-1] in ".!?"
            if titled:
                yield Reading(name.text, name.start, name.end, 0.9)
            elif not (first and " " not in name.text):
                yield name


def names(text: str) -> Iterator[Reading]:
    """Names of things: quoted, introduced by "called", or written with capitals."""
    yield from readings(_QUOTED, text, 0.9)
    for found in readings(_CALLED, text):
        yield from _trimmed(found, 1.0)
    for found in readings(_APPOSED, text):
        yield from _trimmed(found, 0.9)
    yield from readings(_CALLED_PLAIN, text, 0.8)
    yield from readings(_CHINESE_CALLED, text)
    for found in readings(_NAMES, text):
        for name in _trimmed(found, 0.6):
            first = not text[: name.start].strip() or text[: name.start].rstrip()[-1] in ".!?"
            if not (first and " " not in name.text) and not _NUMBERED.match(name.text):
                yield name


def places(text: str) -> Iterator[Reading]:
    """Places: addresses, "at the harbour", 在车站."""
    for pattern in _ADDRESS:
        yield from readings(pattern, text)
    for pattern in _PLACES:
        for found in readings(pattern, text):
            if not _TIME_NOUN.search(found.text):
                yield Reading(found.text, found.start, found.end, 0.8)
    yield from readings(_NAMED_PLACE, text, 0.6)
    for found in readings(_NAMES, text):
        yield from _trimmed(found, 0.4)


def is_name(text: str) -> bool:
    """Whether a piece of text on screen can be a person's name and nothing else."""
    plain = text.strip().strip(",.;:：，。-–—|")
    if re.fullmatch(f"[{SURNAMES}][{HAN}]{{1,3}}", plain):
        return not ROLES_IN_CHINESE.search(plain)
    words = plain.split()
    if not 1 <= len(words) <= 4 or any(character.isdigit() for character in plain) or has_role(plain):
        return False
    return all(_capital(word) for word in words) and not any(search_key(word).strip(".") in _NO_NAME for word in words)


def _capital(word: str) -> bool:
    return word[:1].isupper() or search_key(word) in (
        "van",
        "von",
        "de",
        "del",
        "da",
        "di",
        "la",
        "le",
        "bin",
        "al",
        "el",
    )


def _trimmed(found: Reading, strength: float) -> Iterator[Reading]:
    """A name without words that begin a sentence and are no names."""
    words = list(re.finditer(r"\S+", found.text))
    while words and search_key(words[0].group()).strip(".,'’").split("'")[0] in _NO_NAME:
        words.pop(0)
    while words and search_key(words[-1].group()).strip(".,'’") in _NO_NAME:
        words.pop()
    if not words or all(search_key(word.group()).strip(".,") in _NO_NAME for word in words):
        return
    start, end = words[0].start(), words[-1].end()
    text = found.text[start:end].rstrip(".,")
    if "'" in text[-3:] or "’" in text[-3:]:
        text = re.sub(r"['’](?:s|re|m|ve|ll|d)?$", "", text)
    if text and not re.fullmatch(r"I['’]?\w*", text):
        yield Reading(text, found.start + start, found.start + start + len(text), strength)
