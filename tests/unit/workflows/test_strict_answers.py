"""An answer counts as strictly right only if it says all that the gold answer says."""

import pytest

from workflows.evaluation.strict_answers import says_strictly


@pytest.mark.parametrize(
    ("answer", "gold", "right"),
    [
        # One common word is not enough.
        ("They talk about the new shoes.", "the new iPod (iPod nano)", False),
        ("It is for the new iPod.", "the new iPod (iPod nano)", True),
        ("Cars drive by.", "cars, taxis, buses and motorcycles", False),
        ("A bus, a motorcycle, a taxi and some cars.", "cars, taxis, buses and motorcycles", True),
        ("the refrigerator", "A refrigerator.", True),
        ("anything", "", False),
        ("", "a book", False),
        ("a book", "the", False),
    ],
)
def test_all_content_words_must_be_said(answer: str, gold: str, right: bool):
    assert says_strictly(answer, gold) is right


@pytest.mark.parametrize(
    ("answer", "gold", "right"),
    [
        ("It costs 1,500 dollars", "1500 dollars", True),
        ("It costs 15000 dollars", "1500 dollars", False),
        ("three dogs", "3 dogs", True),
        ("two dogs", "3 dogs", False),
        ("13 dogs", "3 dogs", False),
        ("十二只羊", "12只羊", True),
        ("四只小山羊", "三只小山羊", False),
        ("一千二百零五米", "1205米", True),
        ("三万五千人", "35000人", True),
        ("我们一起唱歌", "一起唱歌", True),
    ],
)
def test_numbers_must_be_the_same_numbers(answer: str, gold: str, right: bool):
    assert says_strictly(answer, gold) is right


@pytest.mark.parametrize(
    ("answer", "gold", "right"),
    [
        ("动画片叫喜羊羊与灰太狼", "喜羊羊与灰太狼（之异国大营救）", True),
        ("喜羊羊与", "喜羊羊与灰太狼", True),
        ("喜羊羊", "喜羊羊与灰太狼", False),
        ("灰太狼和喜羊羊", "喜羊羊与灰太狼", False),
        ("iPod 很小", "iPod 播放器", False),
        ("iPod 播放器", "iPod 播放器", True),
    ],
)
def test_half_of_the_chinese_characters_must_be_in_one_run(answer: str, gold: str, right: bool):
    assert says_strictly(answer, gold) is right


def test_accepted_variants_count():
    assert says_strictly("a fridge", "the refrigerator", ["the fridge"])
    assert not says_strictly("a stove", "the refrigerator", ["the fridge"])
