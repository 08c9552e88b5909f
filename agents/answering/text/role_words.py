"""Words for what people do."""

from __future__ import annotations

import re

from stores.core.text_keys import search_key

ROLES = frozenset(
    "engineer developer designer director manager teacher professor doctor nurse president "
    "chairman chairwoman ceo cto cfo "
    "founder cofounder owner chef cook baker pilot captain coach trainer player singer musician "
    "actor actress author writer "
    "editor journalist reporter anchor host presenter producer photographer cameraman scientist "
    "researcher biologist chemist "
    "physicist historian lawyer judge mayor minister senator governor officer police firefighter "
    "sergeant general farmer "
    "gardener carpenter plumber electrician mechanic driver architect artist painter sculptor "
    "curator librarian student "
    "analyst accountant consultant assistant secretary guide ranger vet veterinarian dentist "
    "surgeon therapist pharmacist "
    "astronaut sailor fisherman beekeeper butcher tailor translator programmer lecturer "
    "instructor principal dean head chief "
    "lead leader senior junior vice deputy executive speaker moderator volunteer keeper "
    "specialist expert technician operator "
    "spokesman spokeswoman ambassador champion conductor composer blogger vlogger barista waiter receptionist".split()
)
"""English words for what people do."""

ROLES_IN_CHINESE = re.compile(
    "工程师|设计师|老师|教师|教授|讲师|医生|大夫|护士|院长|校长|主任|经理|总监|总裁|董事长|主席|创始人|老板|厨师|面包师|飞行员|机长|船长|教练|"
    "队长|队员|歌手|演员|导演|作家|作者|编辑|记者|主播|主持人|摄影师|科学家|研究员|律师|法官|市长|部长|警察|消防员|农民|园丁|木匠|司机|"
    "建筑师|艺术家|画家|馆长|馆员|学生|分析师|会计|顾问|助理|秘书|导游|兽医|牙医|药剂师|宇航员|渔民|养蜂人|翻译|程序员|技师|技术员|"
    "负责人|主管|专家|志愿者|发言人|大使|冠军|指挥|作曲家|服务员|接待员|站长|店长|部门经理"
)


def has_role(text: str) -> bool:
    """Whether a text names what people do."""
    return any(word in ROLES for word in re.findall("[a-z]+", search_key(text))) or bool(ROLES_IN_CHINESE.search(text))
