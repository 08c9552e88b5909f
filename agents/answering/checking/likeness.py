"""Whether a word of a claim means what a word of its evidence does: synonyms, broader terms, nearness in e5's space."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from functools import lru_cache

from agents.answering.checking.wording import base, has_chinese, same_word
from encoders.bundle import Encoders
from encoders.concepts import BROADER, CONTEXT, NAME, ConceptSpace
from encoders.types import Vectors

NEAR_NOUN = 0.66
"""Cosine from which two single words are taken for synonyms. Source: our probe of 55 pairs in the centred space of
e5-small: synonyms lie at 0.66–0.94 (purchase, physician, automobile), pairs that only belong together at 0.32–0.63
(teacher and student 0.63, football and basketball 0.56, butter and margarine 0.52)."""

NEAR_VERB = 0.5
"""The same for what looks like a verb ("cooked" for "baked" 0.56): verbs are paraphrased more freely, and do not name
what an answer is about. Opposites are listed (`_OPPOSITES`), because they are as near as this."""

NEAR_SENTENCE = 0.62
"""Cosine from which a clause in one language says what a line in another says."""

MOST_WORDS = 192
"""Words encoded for one check at most; others are near nothing."""

_KEPT = 4096

_SYNONYMS = (
    "cost price charge pay worth value fee,begin start commence open,finish end complete conclude,"
    "buy purchase acquire,make produce manufacture create build construct prepare,repair fix mend,"
    "big large huge great,small little tiny,quick fast rapid,help assist support aid,rest stand stay,doctor "
    "physician medic,"
    "kid child,job role profession occupation position work career,hold carry grip,wear dress clothes clothing put,"
    "like enjoy love prefer favourite,hate dislike,wash clean rinse,ill sick,road street,film movie,shop store,"
    "photo photograph picture,phone telephone mobile smartphone cellphone,increase grow rise climb,decrease "
    "fall drop decline,"
    "choose pick select,gift present,allow permit,forbid ban prohibit,weigh weight heavy,long length last,high "
    "height tall,"
    "deep depth,old age,leave depart,arrive reach,win victory beat,receive get obtain,inform notify,release "
    "ship launch,"
    "happy glad,reply respond answer,fast speed,own belong,live reside,pull drag,throw toss,car automobile auto,"
    "bike bicycle,motorbike motorcycle,plane airplane aircraft aeroplane,beautiful pretty,afraid scared,angry mad,"
    "hard difficult,easy simple,close shut,damage break,sea ocean,forest woods,bring carry,reason cause,happen occur,"
    "include contain,remain stay,locate situate,attend visit,boat ship,meal dish,sofa couch,autumn fall,free gratis,"
    "便宜 低廉 实惠,喜欢 喜爱 爱,讨厌 不喜欢 恨,买 购买,卖 出售 销售,价格 价钱 售价,妈妈 母亲,爸爸 父亲,老师 教师,"
    "医生 大夫,手机 电话,孩子 儿童 小孩,汽车 轿车 小汽车,开始 起始,结束 完成,增加 增长 上升,减少 下降 降低,"
    "餐厅 饭店 餐馆,漂亮 美丽 好看,高兴 开心 快乐,帮助 帮忙,使用 用,比赛 竞赛,飞机 客机,自行车 单车,去 前往,重 "
    "重量,长 长度"
)
_OPPOSITES = (
    "open|close shut,love like enjoy|hate dislike,pass succeed|fail,win|lose,buy purchase|sell,cheap|expensive "
    "dear costly,"
    "increase grow rise climb|decrease fall drop decline shrink,start begin|stop end finish,leave depart|arrive "
    "return come,"
    "hot warm|cold cool,good|bad poor,wet|dry,full|empty,early|late,old|new young,fast quick|slow,heavy|light,"
    "easy simple|hard difficult,safe|dangerous unsafe,clean|dirty,push|pull,give|take receive,teach|learn study,"
    "ask|answer reply,"
    "lend|borrow,inside indoor|outside outdoor,remember|forget,alive|dead,true|false,right correct|wrong,"
    "healthy|ill sick,"
    "rich|poor,sweet|bitter|sour|salty,raw|cooked,import|export,sun|shade,strong|weak,thick|thin,wide|narrow,"
    "deep|shallow,"
    "happy glad|sad unhappy,allow permit|forbid ban prohibit,accept|refuse reject,add|remove,appear|disappear,"
    "mother mum|father dad|uncle|aunt|grandmother grandma|grandfather grandpa|brother|sister|son|daughter|"
    "cousin|husband|wife,"
    "male|female,man|woman|boy|girl,teacher|student pupil,doctor|nurse|patient,employer|employee,friend|enemy,"
    "breakfast|lunch|dinner supper,city|village,up|down,sit|stand|lie,walk|run,top|bottom,front|back,import|export,"
    "便宜|贵 昂贵,喜欢 爱|讨厌 恨,买 购买|卖 出售,输|赢,增加 增长 上升|减少 下降,冷|热,快|慢,好|坏 差,新|旧,男|"
    "女,早|晚,长|短,"
    "安全|危险,开 打开|关 关闭,爸爸 父亲|妈妈 母亲|爷爷|奶奶|哥哥|姐姐|弟弟|妹妹,老师|学生,医生|护士|病人,成功|失败,"
    "早饭 早餐|午饭 午餐|晚饭 晚餐,春天|夏天|秋天|冬天,高|矮 低,大|小,多|少,重|轻,难|容易 简单"
)


@lru_cache(maxsize=1)
def _synonyms() -> dict[str, set[int]]:
    groups: dict[str, set[int]] = {}
    for number, group in enumerate(_SYNONYMS.split(",")):
        for word in group.split():
            groups.setdefault(word if has_chinese(word) else base(word), set()).add(number)
    return groups


@lru_cache(maxsize=1)
def _opposites() -> dict[str, list[tuple[int, int]]]:
    sides: dict[str, list[tuple[int, int]]] = {}
    for number, group in enumerate(_OPPOSITES.split(",")):
        for side, words in enumerate(group.split("|")):
            for word in words.split():
                sides.setdefault(word if has_chinese(word) else base(word), []).append((number, side))
    return sides


class Likeness:
    """Compares words. What has to be encoded is noted first and encoded together (`encode`).

    Until then every pair that only the encoder can tell of is taken for alike, so that a first look at all claims finds
    out what has to be encoded, and a second one decides.
    """

    def __init__(self, encoders: Encoders) -> None:
        self._encoders = encoders
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._wanted: dict[str, None] = {}
        self._open = True

    @property
    def concepts(self) -> ConceptSpace:
        """The concept table."""
        return self._encoders.concepts

    def begin(self) -> None:
        """Start noting what has to be encoded."""
        self._wanted, self._open = {}, True

    def encode(self) -> None:
        """Encode what was noted, in one batch."""
        fresh = [text for text in self._wanted if text not in self._known][:MOST_WORDS]
        if fresh:
            self._known.update(zip(fresh, self._encoders.text.encode_queries(fresh), strict=True))
        self._open = False

    def forget(self) -> None:
        """Drop the vectors longest unused beyond those that are kept."""
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)

    def means(self, word: str, others: Iterable[str], least: float) -> bool:
        """Whether a word (a base form, or Chinese) means one of ``others``, is broader, or lies near one.

        Args:
            least: cosine from which that is so.
        """
        listed = list(dict.fromkeys(others))
        if any(self.names_alike(word, other) for other in listed):
            return True
        near = [other for other in listed if not self._excluded(word, other)]
        if not near:
            return False
        if self._open:
            self._wanted.update(dict.fromkeys((word, *near)))
            return True
        return any(self.cosine(word, other) >= least for other in near)

    def close(self, text: str, others: Iterable[str], least: float) -> bool:
        """Whether a text lies near one of ``others``, by the encoder alone."""
        listed = list(dict.fromkeys(others))
        if self._open:
            self._wanted.update(dict.fromkeys((text, *listed)))
            return True
        return any(self.cosine(text, other) >= least for other in listed)

    def cosine(self, one: str, other: str) -> float:
        """Of two texts; 0 if one was not encoded."""
        if one not in self._known or other not in self._known:
            return 0.0
        return float(self._known[one] @ self._known[other])

    def names(self, word: str) -> bool:
        """Whether a word names something that the picture models recognise."""
        return any(strength >= NAME for strength in self.concepts.matching(word).values())

    def belongs(self, word: str, thing: str) -> bool:
        """Whether a word is a usual surrounding of a thing, as the concept table has it: "road" of "car"."""
        things = {one for one, strength in self.concepts.matching(thing).items() if strength >= NAME}
        return any(one in things and strength >= CONTEXT for one, strength in self.concepts.matching(word).items())

    def names_alike(self, word: str, other: str) -> bool:
        """Whether a word is another form, a synonym or a broader term of the other, without the encoder."""
        synonyms = _synonyms()
        if same_word(word, other) or synonyms.get(word, set()) & synonyms.get(other, set()):
            return True
        things = {one for one, strength in self.concepts.matching(other).items() if strength >= NAME}
        return any(one in things and strength >= BROADER for one, strength in self.concepts.matching(word).items())

    def _excluded(self, word: str, other: str) -> bool:
        """Whether two words are known to be different things, or opposites."""
        opposites = _opposites()
        for group, side in opposites.get(word, ()):
            if any(group == theirs and side != another for theirs, another in opposites.get(other, ())):
                return True
        return self.names(word) and self.names(other)
