"""Concepts in the space of a picture model with a text tower: made of its own prompts, kept, and what they tell."""

from dataclasses import replace

import numpy as np
import pytest

from encoders.bundle import Encoders
from encoders.concepts import read_concepts
from encoders.types import WeightsError
from encoders.zero_shot import load_zero_shot, prompts_of, zero_shot_revision

SPEC = Encoders.open("standard").spec("image_text")


class Letters:
    """A text tower that knows texts by their letters."""

    name, dim, scale = "letters", 32, 50.0

    def __init__(self):
        self.asked = []

    def encode_passages(self, texts):
        self.asked += texts
        counts = np.array([[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts], np.float32)
        marks = np.array([[(hash_of(text) >> bit) & 1 for bit in range(6)] for text in texts], np.float32)
        rows = np.concatenate([counts, marks + 0.01], axis=1)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    encode_queries = encode_passages


def hash_of(text):
    return sum(ord(letter) * (i + 1) for i, letter in enumerate(text))


def spec(**preprocessing):
    return replace(SPEC, preprocessing=preprocessing)


def test_a_picture_like_a_name_is_classified_as_what_has_that_name(tmp_path):
    towers, concepts = Letters(), read_concepts()
    space = load_zero_shot(towers, spec(prompts=["a photo of a {}."]), tmp_path)
    assert space.prototypes.shape == (len(concepts), 32)
    np.testing.assert_allclose(np.linalg.norm(space.prototypes, axis=1), 1, atol=1e-5)
    pictures = towers.encode_passages([f"a photo of a {concepts[i].name}." for i in (3, 500)])
    probabilities = space.classify(pictures)
    assert probabilities.shape == (2, 1000)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-4)
    assert [concepts[i].name for i in probabilities.argmax(axis=1)] == [concepts[i].name for i in (3, 500)]
    assert space.classify(pictures[:0]).shape == (0, 1000)


def test_what_is_usual_for_a_picture_is_told_by_all_names(tmp_path):
    space = load_zero_shot(Letters(), spec(), tmp_path)
    pictures = space.prototypes[[7, 1005]]
    usual = space.usual(pictures)
    cosines = pictures @ space.prototypes.T
    np.testing.assert_allclose(usual.mean, cosines.mean(axis=1), atol=1e-5)
    np.testing.assert_allclose(usual.mean + usual.best * usual.deviation, 1, atol=1e-4)


def test_prompts_are_averaged_and_asked_once(tmp_path):
    first = Letters()
    made = load_zero_shot(first, spec(prompts=["a {}.", "the {}!"]), tmp_path)
    assert len(first.asked) == 2 * len(read_concepts())
    assert {"a tench.", "the tench!"} <= set(first.asked)
    again = Letters()
    np.testing.assert_array_equal(
        load_zero_shot(again, spec(prompts=["a {}.", "the {}!"]), tmp_path).prototypes, made.prototypes
    )
    assert again.asked == [], "they were kept"


def test_what_was_kept_and_is_damaged_is_made_again(tmp_path):
    load_zero_shot(Letters(), spec(), tmp_path)
    (kept,) = (tmp_path / "concepts").iterdir()
    for content in (b"", b"PK\x03\x04half", kept.read_bytes()[:1000]):
        kept.write_bytes(content)
        again = Letters()
        load_zero_shot(again, spec(), tmp_path)
        assert again.asked
    load_zero_shot(kept_now := Letters(), spec(), tmp_path)
    assert not kept_now.asked
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_a_cache_that_cannot_be_written_is_no_hindrance(tmp_path):
    (tmp_path / "file").write_text("no folder")
    assert load_zero_shot(Letters(), spec(), tmp_path / "file").prototypes.any()


def test_the_revision_changes_with_model_and_prompts():
    known = {
        zero_shot_revision(one)
        for one in (spec(), spec(prompts=["a {}."]), replace(spec(), revision="12345678"), replace(spec(), name="x"))
    }
    assert len(known) == 4


@pytest.mark.parametrize("prompts", ["a {}", [], ["a photo"], [3], 7])
def test_prompts_of_another_kind_are_refused(prompts):
    with pytest.raises(WeightsError, match="prompts") as caught:
        prompts_of(spec(prompts=prompts))
    assert caught.value.kind == "corrupt"
