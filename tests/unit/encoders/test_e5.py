from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from encoders.adapters.e5 import LONGEST_QUERY, RawE5, beginning
from encoders.types import WeightsError


@pytest.fixture(scope="module")
def text(encoders):
    return encoders.text


def test_rows_are_unit_float32_and_none_for_none(text):
    vectors = text.encode_passages(["a dog runs", "狗在跑", "stock prices fell"])
    assert vectors.shape == (3, text.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert text.encode_queries([]).shape == (0, 384)
    assert text.encode_passages([]).shape == (0, 384)


def test_meaning_crosses_languages_and_unrelated_texts_are_far(text):
    dog, money = text.encode_passages(["The dog is running in the park.", "Stock prices fell sharply on Monday."])
    for query in ("a running dog", "奔跑的狗", "ein Hund läuft"):
        (asked,) = text.encode_queries([query])
        assert asked @ dog > asked @ money + 0.2
    # What centring is for: raw e5 cosines of unrelated texts lie above 0.7.
    assert abs(float(dog @ money)) < 0.4


def test_one_and_many_agree_and_so_do_the_first_and_second_time(text):
    texts = ["a red bicycle", "自行车", "a bowl of soup"]
    many = text.encode_queries(texts)
    for row, single in zip(many, texts, strict=True):
        for _ in range(2):
            (alone,) = text.encode_queries([single])
            np.testing.assert_allclose(alone, row, atol=1e-3)


def test_a_remembered_query_cannot_be_changed_by_its_reader(text):
    first = text.encode_queries(["a cat"])
    kept = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(text.encode_queries(["a cat"]), kept)


@pytest.mark.parametrize("empty", ["", "  \n", "\0", "\ud800"])
def test_texts_without_meaning_are_refused(text, empty):
    with pytest.raises(ValueError, match="empty"):
        text.encode_queries([empty])
    with pytest.raises(ValueError, match="empty"):
        text.encode_passages(["a dog", empty])


def test_strange_characters_do_not_hide_the_text(text):
    clean, strange, lone = text.encode_passages(["a dog barks", "a dog\0barks", "a dog barks\udcff"])
    assert clean @ strange > 0.99
    assert clean @ lone > 0.99


def test_very_long_texts_are_cut(text):
    long = "the dog runs in the park " * 80
    np.testing.assert_allclose(*text.encode_passages([long, long + "stocks fell " * 500]), atol=1e-5)


@pytest.mark.parametrize("words", ["the dog runs in the park ", "狗在公园里跑"])
def test_of_a_query_only_the_beginning_is_read(text, words):
    few = beginning(words * 200)
    assert 100 < len(few) <= LONGEST_QUERY
    np.testing.assert_array_equal(text.encode_queries([words * 200]), text.encode_queries([few]))
    assert beginning(words * 8) == words * 8, "a question of a usual length is read as a whole"


def test_a_file_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(WeightsError) as caught:
        RawE5(tmp_path / "none.bin")
    assert caught.value.kind == "corrupt"


def test_threads_may_share_the_model(text):
    texts = [f"number {i} of many dogs" for i in range(16)]
    alone = text.encode_passages(texts)
    with ThreadPoolExecutor(4) as pool:
        together = np.concatenate(list(pool.map(lambda t: text.encode_passages([t]), texts)))
    np.testing.assert_allclose(together, alone, atol=1e-3)
