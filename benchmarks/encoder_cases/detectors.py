"""The adapter for RT-DETR v2 and D-FINE, from frames to boxes, against transformers' processor and model."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.encoder_cases.case import Case, Setting, Side

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIZE, _SCORE = 640, 0.3
_FRAMES = (1, 16)  # on a CPU, on a GPU
_SMALL: dict[str, Any] = {"decoder_layers": 3, "hidden_expansion": 0.5}
# HGNetV2-B0, the backbone of D-FINE-S. Source: Peterande/D-FINE, configs/dfine/dfine_hgnetv2_s_coco.yml.
_B0: dict[str, Any] = {
    "stem_channels": [3, 16, 16],
    "stage_in_channels": [16, 64, 256, 512],
    "stage_mid_channels": [16, 32, 64, 128],
    "stage_out_channels": [64, 256, 512, 1024],
    "stage_num_blocks": [1, 1, 2, 1],
    "stage_numb_of_layers": [3, 3, 3, 3],
    "hidden_sizes": [64, 256, 512, 1024],
    "out_indices": [2, 3, 4],
    "use_learnable_affine_block": True,
}
# ResNet-18-vd, that of RT-DETR-R18. Source: lyuwenyu/RT-DETR, configs/rtdetrv2/rtdetrv2_r18vd_120e_coco.yml.
_R18: dict[str, Any] = {
    "embedding_size": 64,
    "hidden_sizes": [64, 128, 256, 512],
    "depths": [2, 2, 2, 2],
    "layer_type": "basic",
    "out_indices": [2, 3, 4],
}


def _prepare(folder: Path, kind: str) -> None:
    import transformers

    from benchmarks.encoder_cases.folders import keep
    from encoders.concepts import read_concepts

    names = [concept.name for concept in read_concepts() if concept.concept_id.startswith("coco:")]
    labels = {"id2label": dict(enumerate(names)), "label2id": {name: number for number, name in enumerate(names)}}
    if kind == "rt_detr_v2":
        network: Any = transformers.RTDetrV2ForObjectDetection(
            transformers.RTDetrV2Config(
                backbone_config=transformers.RTDetrResNetConfig(**_R18),
                encoder_in_channels=[128, 256, 512],
                **_SMALL,
                **labels,
            )
        )
    else:
        network = transformers.DFineForObjectDetection(
            transformers.DFineConfig(
                backbone_config=transformers.HGNetV2Config(**_B0),
                encoder_in_channels=[256, 512, 1024],
                depth_mult=0.34,
                **_SMALL,
                **labels,
            )
        )
    processor = {"do_resize": True, "do_rescale": True, "rescale_factor": 1 / 255, "resample": 2, "do_pad": False}
    processor |= {"do_normalize": False, "size": {"height": _SIZE, "width": _SIZE}}
    keep(folder, network, processor)


def _ours(setting: Setting) -> Side:
    import torch

    from benchmarks.encoder_cases import networks
    from benchmarks.encoder_cases.folders import context
    from encoders.adapters.hf_detector import load

    detector = load(context(setting, "detector", "encoders.adapters.hf_detector:load", score=_SCORE))
    frames = networks.frames(setting.count(*_FRAMES))
    pixels = torch.from_numpy(detector._pictures.pixels(frames)["pixel_values"]).to(setting.device)
    network: Any = detector._network

    def numbers(found: Any) -> NDArray[np.float64]:
        return _compared(pixels, [(each.scores, each.boxes) for each in found])

    bare = partial(networks.compiled, lambda: network(pixel_values=pixels).logits)
    return Side(lambda: detector.detect(frames), numbers, len(frames), bare)


def _theirs(setting: Setting) -> Side:
    import torch
    from transformers import AutoModelForObjectDetection
    from transformers.models.rt_detr.image_processing_pil_rt_detr import RTDetrImageProcessorPil

    from benchmarks.encoder_cases import networks

    processor = RTDetrImageProcessorPil.from_pretrained(setting.folder)
    network = AutoModelForObjectDetection.from_pretrained(setting.folder, dtype=torch.float32)
    network = network.eval().to(setting.device)
    frames = list(networks.frames(setting.count(*_FRAMES)))

    def run() -> Any:
        pixels = processor(frames, return_tensors="pt").pixel_values.to(setting.device)
        with torch.inference_mode():
            seen = network(pixel_values=pixels)
            return processor.post_process_object_detection(seen, _SCORE, target_sizes=[(1, 1)] * len(frames))

    def numbers(found: Any) -> NDArray[np.float64]:
        pixels = processor(frames, return_tensors="pt").pixel_values
        return _compared(pixels, [(each["scores"].cpu().numpy(), each["boxes"].cpu().numpy()) for each in found])

    return Side(run, numbers, len(frames))


def _compared(pixels: Any, found: list[tuple[NDArray[Any], NDArray[Any]]]) -> NDArray[np.float64]:
    """The network's input, and the detections in each frame: scores and boxes within the picture, best first.

    Random weights give many objects one score, to the bit; each side has its own order of those, so that they are
    ordered here, by their boxes.
    """
    rows = [np.column_stack([-scores, np.clip(boxes, 0.0, 1.0)]) for scores, boxes in found]
    ordered = [each[np.lexsort(each.round(4).T[::-1])].ravel() for each in rows]
    return np.concatenate([np.asarray(pixels.cpu().numpy(), np.float64).ravel(), *ordered])


CASES = tuple(
    Case(
        name,
        "detectors",
        "transformers model and RTDetrImageProcessorPil",
        "frames",
        _ours,
        _theirs,
        prepare=partial(_prepare, kind=kind),
    )
    for name, kind in (("rt-detr-v2-r18", "rt_detr_v2"), ("d-fine-s", "d_fine"))
)
