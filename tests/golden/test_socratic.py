"""Socratic scores equal the reference: both similarities, their product, the order of candidates, ties.

``python -m tests.golden.test_socratic`` writes the numbers of `data/socratic.json` anew.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from encoders.reference.socratic import TOP, best_of_groups, rerank, scores, video_vectors
from tests.golden.conftest import assert_summary, inp

DATA = Path(__file__).with_name("data") / "socratic.json"


def passes():
    """Name to tensor of what `data/socratic.json` keeps: three videos, four groups of two captions."""
    frames = inp(3, 4, 5, st=0.7).numpy()
    mask, captions = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]]), np.array([[1, 1], [1, 0], [1, 1], [1, 1]])
    vectors = video_vectors(frames, mask)
    seen = best_of_groups(vectors, inp(4, 2, 5, st=1.3).numpy(), captions)
    said = best_of_groups(inp(3, 6, st=0.9).numpy(), inp(4, 2, 6, st=0.31).numpy(), captions)
    whole = scores(seen, said, np.array([True, False, True]))
    found = {"video": vectors, "s_clip": seen, "s_lm": said, "score": whole, "order": rerank(seen, whole, 3).order}
    return {f"socratic_{name}": torch.from_numpy(value) for name, value in found.items()}


@pytest.mark.parametrize("group", ["", "b1_"])
def test_reference_scores_and_order(golden, group):
    case = golden("socratic_scores")
    given = {name: tensor.numpy() for name, tensor in case.inputs.items()}
    videos = slice(0, 1 if group else None)
    vectors = video_vectors(given["frame_features"][videos], given["frame_mask"][videos])
    seen = best_of_groups(vectors, given["caption_features"], given["caption_mask"])
    said = best_of_groups(given["summary_embeddings"][videos], given["caption_embeddings"], given["caption_mask"])
    whole = scores(seen, said, given["has_transcript"][videos])
    for name, mine in {"video": vectors, "s_clip": seen, "s_lm": said, "score": whole}.items():
        case.close(group + name, torch.from_numpy(mine))
    found = rerank(seen, whole, case.meta["config"]["top_k"])
    own = np.arange(len(seen))
    assert found.order.tolist() == case.outputs[f"{group}order"].tolist()
    assert found.ranks(own).tolist() == case.outputs[f"{group}rank"].tolist()
    if not group:
        assert found.candidates.tolist() == case.outputs["candidates"].tolist()
    assert case.meta["config"]["official_top_k"] == TOP


@pytest.mark.parametrize("name", ["video", "s_clip", "s_lm", "score", "order"])
def test_numbers_stay(name):
    kept = json.loads(DATA.read_text(encoding="utf-8"))[f"socratic_{name}"]
    assert_summary(passes()[f"socratic_{name}"], kept, 1e-6)


def _write() -> None:
    kept = {
        name: {
            "shape": list(tensor.shape),
            "first": [round(value, 9) for value in tensor.double().flatten()[:6].tolist()],
            "sum": round(float(tensor.double().sum()), 8),
            "l2": round(float(tensor.double().norm()), 8),
        }
        for name, tensor in passes().items()
    }
    provenance = "2026-11-25: written when the golden case socratic_scores had passed"
    DATA.write_text(json.dumps({"provenance": provenance} | kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write()
