import pytest

from workflows.evaluation.measures import TagCounts, count_tag, rank_of, ranking, says


def test_ranks_count_distinct_videos():
    assert rank_of("c", ["a", "a", "b", "c"]) == 3
    assert rank_of("d", ["a"]) is None


def test_ranking_counts_a_miss_as_zero():
    result = ranking([1, 2, None, 6])
    assert (result.recall_at_1, result.recall_at_5, result.found) == (0.25, 0.5, 3)
    assert result.mrr == pytest.approx((1 + 1 / 2 + 1 / 6) / 4)


def test_nothing_measured_is_not_zero():
    assert ranking([]).mrr is None
    assert TagCounts().precision is None
    assert TagCounts(accepted=1).f1 is None


def test_acceptable_tags_help_precision_and_count_among_all_that_are_true():
    accepted, required, acceptable = {"dog", "grass", "car"}, {"dog", "park"}, {"grass", "sky"}
    names = accepted | required | acceptable
    counts = sum((count_tag(n, accepted, required, acceptable) for n in names), TagCounts())
    assert counts == TagCounts(accepted=3, right=2, expected=2, given=1, true=4)
    assert (counts.recall, counts.recall_of_true) == (1 / 2, 2 / 4)
    assert counts.f1 == pytest.approx(2 * (2 / 3) * (1 / 2) / (2 / 3 + 1 / 2))


@pytest.mark.parametrize(
    ("answer", "gold", "same"),
    [
        ("They saw many cars.", "a car", True),
        ("It is the dog.", "the cat", False),
        ("动画片喜羊羊", "喜羊羊与灰太狼", True),
        ("一只羊", "喜羊羊与灰太狼", False),
        ("", "a book", False),
    ],
)
def test_says(answer: str, gold: str, same: bool):
    assert says(answer, gold) is same
