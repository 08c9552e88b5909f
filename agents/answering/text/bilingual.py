"""Words in the other language: what a Chinese question calls 门票 is a ticket in an English video, and the reverse.

A short list of everyday words, and the names that the concept table has in both languages. Text models compare single
words of two languages badly ("池塘" and "pond": 0.18), so that whatever is in neither is not taken for the same.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from encoders.plurals import singular
from stores.core.text_keys import HAN

_PAIRS = (
    "门票 票=ticket|admission|entry,价格 价钱 售价=price|cost,便宜=cheap,贵=expensive,折扣 打折=discount|sale,"
    "买 购买=buy|order|purchase,卖=sell|sale,订购 下单=order,店 商店=shop|store,超市=supermarket,市场=market,"
    "公司 企业=company|firm,员工 职工=employee|staff|worker,老板=boss|owner,经理=manager,总监=director,"
    "工程师=engineer,首席工程师 总工程师=lead engineer|chief engineer,设计师=designer,设计=design,"
    "老师 教师=teacher,教练=coach,学生=student|pupil,校长=principal|headteacher,医生=doctor,护士=nurse,"
    "厨师=chef|cook,司机=driver,飞行员=pilot,试飞员=test pilot,市长=mayor,警察=police,记者=reporter,律师=lawyer,"
    "农民=farmer,歌手=singer,选手=runner|player|participant|contestant,冠军=champion|winner,马拉松=marathon,"
    "终点=finish,演员=actor,作家 作者=author|writer,导演=director,指挥=conductor,主持人=host|presenter,"
    "队长=captain,邻居=neighbour|neighbor,朋友=friend,孩子 小孩=child|kid,女儿=daughter,儿子=son,"
    "妈妈 母亲=mother|mom,爸爸 父亲=father|dad,学校=school,小学=primary school,中学=middle school,"
    "大学=university,班级=class,课程=course|class|lesson,讲座=lecture|talk,演讲=speech|talk,"
    "会议=meeting|conference,会议室=meeting room,教室=classroom,房间=room,图书馆=library,博物馆=museum,"
    "教堂=church,医院=hospital,车站=station,机场=airport,酒店 宾馆=hotel,餐厅 饭店=restaurant,咖啡馆=cafe,"
    "银行=bank,公园=park,花园=garden,动物园=zoo,桥=bridge,大桥=bridge,塔=tower,古塔=pagoda|tower,"
    "钟楼=clock tower,城堡=castle,村庄 村子=village,城市=city,街道 街=street,路=road,河=river,湖=lake,海=sea,"
    "海边 海滩=beach,山=mountain,岛=island,森林 树林=forest|woods,营地=camp,池塘 水池=pond,"
    "港口 码头=harbour|harbor|pier,房子=house,老房子=old house,厨房=kitchen,浴室=bathroom,门=door,窗户 窗=window,"
    "桌子=table,椅子=chair,床=bed,灯=lamp|light,洞=hole,石头=stone,树=tree,花=flower,荷花=lotus,草=grass,狗=dog,"
    "小狗=puppy|dog,猫=cat,小猫=kitten|cat,鸟=bird,鱼=fish,马=horse,牛=cow,羊=sheep,猪=pig,鸡=chicken,老虎=tiger,"
    "熊=bear,狮子=lion,大象=elephant,宠物=pet,火箭=rocket,卫星=satellite,月亮 月球=moon,太阳=sun,地球=earth,"
    "飞机=plane|airplane,火车=train,汽车 车=car,公交车=bus,校车=school bus|bus,自行车 单车=bicycle|bike,"
    "摩托车=motorcycle,船=boat|ship,轮子 车轮=wheel,轮胎=tyre|tire,油=oil,燃料=fuel,氧气=oxygen,发动机=engine,"
    "水泵=pump,机器=machine,工具=tool,扳手=wrench,钻=drill,胶水=glue,电池=battery,充电=charge|charging,"
    "屏幕=screen,手机=phone|smartphone,电脑=computer,相机=camera,手表=watch,耳机=headphone|earphone|earbud,"
    "电视=television|tv,冰箱=fridge|refrigerator,洗衣机=washing machine,电饭锅=rice cooker,"
    "咖啡机=coffee maker|coffee machine,咖啡=coffee,茶=tea,水=water,牛奶=milk,面粉=flour,糖=sugar,盐=salt,"
    "鸡蛋=egg,面团=dough,面糊=batter,锅=pan|pot,平底锅=pan,饺子=dumpling,面包=bread,蛋糕=cake,煎饼 松饼=pancake,"
    "米饭=rice,汤=soup,蔬菜=vegetable,水果=fruit,苹果=apple,草莓=strawberry,番茄=tomato,胡萝卜=carrot,"
    "奶酪=cheese,肉=meat,酱油=soy sauce,杯=cup|glass,勺=spoon,帐篷=tent,鞋=shoe,鞋子=shoe,衣服=clothes,"
    "外套=coat|jacket,帽子=hat,包=bag,鼓=drum,吉他=guitar,钢琴=piano,歌=song,合唱=choir,合唱团=choir,"
    "合唱节=choir festival,音乐会=concert,电影=film|movie,书=book,节目=show|program,新闻=news,节日=festival,"
    "比赛=match|game|competition,球队=team,观众=spectator|audience|attendance,游客=visitor|tourist,瑜伽=yoga,"
    "舞蹈=dance,足球=football|soccer,建 建造 建成 修建=built|build|finish|construct,建于=built,"
    "成立 创立=found|founded|established,开 开门 开放 营业=open,重新开放=reopen|open,"
    "关 关门 关闭=close|closed|shut,开始=start|begin,结束=end|finish,举行 举办=held|hold|take place,"
    "出发=leave|depart|departure,到达=arrive|arrival,需要=need,用 使用=use,做=make|do,修 修理 维修=repair|fix,"
    "修桥=bridge repair,打=hit|call,挖=dig,种=plant,洗=wash|clean,清洗=wash|clean,吃=eat|like,喝=drink,"
    "喜欢=like|love|enjoy,讨厌=hate|dislike,害怕 怕=afraid|scared|fear,睡 睡觉=sleep,住=live|stay,工作=work|job,"
    "教=teach,学 学习=learn|study,说=say,看=see|watch,走=walk|go,跑=run,飞=fly,游泳=swim,唱=sing,等=wait,"
    "干 晾干=dry,加热=heat,煮=cook|boil,烤=bake|roast,切=cut|chop|slice,放 加=add|put,倒=pour,混合=mix,"
    "颜色=colour|color,红色=red,蓝色=blue,绿色=green,黄色=yellow,黑色=black,白色=white,灰色=grey|gray,新=new,"
    "旧=old,老=old,大=big|large,小=small|little,快=fast|quick,慢=slow,重=heavy,轻=light,深=deep,高=tall|high,"
    "长=long,宽=wide,热=hot,冷=cold,安全=safe|safety,危险=dangerous,禁止=forbidden|not allowed|no,"
    "防水=waterproof,电话=phone|call,网站 网址=website,地址=address,密码=password|code,时间=time|hours,日期=date,"
    "天气=weather,下雨=rain,风=wind,暴风雨=storm,下雪=snow,第一节=first,第一级=first stage,第二级=second stage,"
    "速度=speed,重量=weight,容量=capacity,电梯=lift|elevator,停车=park|parking,失业率=unemployment"
)


class _Concept(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def zh(self) -> tuple[str, ...]: ...


class Concepts(Protocol):
    """What is known of names in both languages (`encoders.concepts.ConceptSpace`)."""

    vocabulary: frozenset[str]

    def matching(self, term: str) -> dict[str, float]:
        """Concepts that a term names, with how surely."""
        ...

    def get(self, concept_id: str) -> _Concept:
        """One concept."""
        ...


@lru_cache(maxsize=1)
def _english() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for pair in _PAIRS.split(","):
        chinese, english = pair.split("=")
        for word in chinese.split():
            found[word].update(english.split("|"))
    return {word: frozenset(others) for word, others in found.items()}


@lru_cache(maxsize=1)
def _chinese() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for chinese, words in _english().items():
        for word in words:
            found[word].add(chinese)
    return {word: frozenset(others) for word, others in found.items()}


MOST = 4
"""Concepts that a name may have to be translated by: a broad one has dozens."""


def chinese_for(word: str, concepts: Concepts | None = None) -> frozenset[str]:
    """What an English word, singular, is called in Chinese."""
    known = _chinese()
    found = set(known.get(word, ()))
    for phrase, words in known.items():
        if " " in phrase and word in phrase.split():
            found |= words
    if concepts is not None:
        named = [one for one, strength in concepts.matching(word).items() if strength >= 1.0]
        if len(named) <= MOST:
            names = {zh for one in named for zh in concepts.get(one).zh}
            found |= {zh for zh in names if not _known_otherwise(zh, word)}
    return frozenset(found)


def _known_otherwise(chinese: str, word: str) -> bool:
    """Whether the list has other names for a word: the table calls a ladle what any spoon is called."""
    plain = chinese.removesuffix("子")
    return any(word not in names for part, names in _english().items() if plain.endswith(part.removesuffix("子")))


def english_in(phrase: str, concepts: Concepts | None = None) -> list[tuple[int, int, frozenset[str]]]:
    """The parts of a Chinese phrase that have an English name: from, to, and the names; longest parts first."""
    found: list[tuple[int, int, frozenset[str]]] = []
    at = 0
    while at < len(phrase):
        for size in range(min(5, len(phrase) - at), 0, -1):
            names = _english_for(phrase[at : at + size], concepts)
            if names:
                found.append((at, at + size, names))
                at += size
                break
        else:
            at += 1
    return found


def _english_for(word: str, concepts: Concepts | None) -> frozenset[str]:
    found = set(_english().get(word, ()))
    if concepts is not None and len(word) > 1 and word in concepts.vocabulary:
        named = [one for one, strength in concepts.matching(word).items() if strength >= 1.0]
        if len(named) <= MOST:
            found.update(concepts.get(one).name.lower() for one in named)
    return frozenset(" ".join(singular(part) for part in name.split()) for name in found)


def is_chinese(text: str) -> bool:
    """Whether a text is Chinese for the most part."""
    return 2 * len(re.findall(f"[{HAN}]", text)) >= len(re.findall(r"[^\W\d_]", text)) > 0
