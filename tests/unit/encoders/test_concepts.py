import numpy as np
import pytest

from encoders import concepts as module
from encoders.build_concepts import english_and_chinese
from encoders.concepts import ConceptSpace, read_concepts
from encoders.types import WeightsError
from encoders.vectors import unit


@pytest.fixture(scope="module")
def space(encoders):
    return encoders.concepts


def test_the_tables_hold_every_class_in_two_languages(space):
    ids = [concept.concept_id for concept in space.concepts]
    assert ids[:1000] == [f"imagenet:{i}" for i in range(1000)]
    assert len(ids) == len(set(ids)) == 1080
    assert space.prototypes.shape == (1080, 384)
    np.testing.assert_allclose(np.linalg.norm(space.prototypes, axis=1), 1, atol=1e-5)
    for concept in space.concepts:
        assert concept.name
        assert concept.zh
        assert concept.broader
    assert space.get("coco:18").name == "dog"
    assert space.concepts[space.index("imagenet:1")].name == "goldfish"
    assert space.concepts[space.coco][0].concept_id == "coco:1"


def test_shipped_vectors_are_what_the_model_makes_of_the_tables(encoders, space):
    stored = np.load(module.PROTOTYPES)
    rows = [0, 21, 281, 444, 651, 779, 920, 999, 1000, 1079]
    english, chinese = english_and_chinese(encoders.text._raw, tuple(space.concepts[row] for row in rows), queries=True)
    made = unit(unit(english - stored["centre_english"]) + unit(chinese - stored["centre_chinese"]))
    # Processors round quantised products differently: cosines of 0.9998 were seen, single numbers differ by 0.003.
    cosines = made @ space.prototypes.T
    assert cosines.argmax(axis=1).tolist() == rows
    assert cosines[np.arange(len(rows)), rows].min() > 0.999


def test_stale_vectors_are_refused(space, tmp_path, monkeypatch):
    with pytest.raises(WeightsError, match="another text model") as caught:
        ConceptSpace.load("00000000")
    assert caught.value.kind == "corrupt"
    assert "build_concepts" in caught.value.hint
    for table in module.TABLES:
        source = module.DATA / f"concepts-{table}.tsv"
        (tmp_path / source.name).write_bytes(source.read_bytes().replace(b"\n", b"\r\n"))
    monkeypatch.setattr(module, "DATA", tmp_path)
    assert ConceptSpace.load("1571fc98").revision == space.revision, "line ends do not matter"
    with (tmp_path / "concepts-coco.tsv").open("ab") as table:
        table.write("91\tdragon\t龙\tanimal\tmyth\t神话\n".encode())
    with pytest.raises(WeightsError, match="other concept tables"):
        ConceptSpace.load("1571fc98")


def test_missing_and_broken_data_are_told_apart(tmp_path, monkeypatch):
    with pytest.raises(WeightsError) as caught:
        ConceptSpace.load("1571fc98", tmp_path / "none.npz")
    assert caught.value.kind == "missing"
    (tmp_path / "broken.npz").write_bytes(b"not a zip")
    with pytest.raises(WeightsError) as caught:
        ConceptSpace.load("1571fc98", tmp_path / "broken.npz")
    assert caught.value.kind == "corrupt"
    (tmp_path / "concepts-imagenet.tsv").write_text("0\ttench\n")
    monkeypatch.setattr(module, "DATA", tmp_path)
    with pytest.raises(WeightsError, match="2 columns"):
        read_concepts()


@pytest.mark.parametrize(
    ("term", "concept", "strength"),
    [
        ("dog", "coco:18", 1.0),
        ("Dogs", "coco:18", 1.0),
        ("狗", "coco:18", 1.0),
        ("dog", "imagenet:151", 0.9),
        ("狗", "imagenet:151", 0.9),
        ("bicycle", "coco:2", 1.0),
        ("自行车", "coco:2", 1.0),
        ("people", "coco:1", 1.0),
        ("knives", "coco:49", 1.0),
        ("动物", "imagenet:281", 0.9),
        ("street", "coco:3", 0.5),
    ],
)
def test_a_word_finds_the_concepts_it_speaks_for(space, term, concept, strength):
    assert space.matching(term)[concept] == strength


def test_words_that_name_nothing_find_nothing(space):
    assert space.matching("quaternion") == {}
    assert space.matching("") == {}
    assert "coco:46" not in space.matching("glasses"), "spectacles are no wine glass"


def test_background_is_how_like_everything_a_query_is(encoders, space):
    queries = encoders.text.encode_queries(["a dog", "自行车"])
    mean, deviation = space.background(queries)
    cosines = queries @ space.prototypes.T
    assert mean.shape == deviation.shape == (2,)
    np.testing.assert_allclose(mean, cosines.mean(1), atol=1e-5)
    assert (cosines[0, space.index("coco:18")] - mean[0]) / deviation[0] > 3
    assert (cosines[1, space.index("coco:2")] - mean[1]) / deviation[1] > 3


def test_chinese_vocabulary_is_for_cutting_words(space):
    assert {"自行车", "动物", "金鱼"} <= space.vocabulary
    assert "goldfish" not in space.vocabulary


@pytest.mark.parametrize(
    ("plural", "concept"),
    [("horses", "coco:19"), ("vases", "coco:86"), ("ties", "coco:32"), ("taxis", "imagenet:468"), ("skis", "coco:35")],
)
def test_plurals_name_the_same_things(space, plural, concept):
    assert space.matching(plural)[concept] == 1.0
