"""Tensor Fusion Network: one number out of sound, picture and words, by the outer product of their features.

Source: Zadeh et al. 2017, arXiv:1707.07250; parameter names of the PyTorch version Justin1904/TensorFusionNetworks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.registry.checkpoints import load_strictly, read_checkpoint


@dataclass(frozen=True, slots=True)
class TfnConfig:
    """Sizes of the three inputs (audio, video, text), of their hidden layers, and of what follows.

    Attributes:
        text_out: width of the text's feature; audio's and video's are as wide as their hidden layers.
        dropouts: of audio, video, text and the fused feature.
    """

    inputs: tuple[int, int, int]
    hidden: tuple[int, int, int]
    text_out: int
    fused: int
    dropouts: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


class TensorFusion(nn.Module):
    """A score in (-3, 3), as the sentiment of CMU-MOSI is labelled."""

    def __init__(self, config: TfnConfig) -> None:
        super().__init__()
        self.config = config
        audio, video, text = config.hidden
        self.audio_subnet = _Dense(config.inputs[0], audio, config.dropouts[0])
        self.video_subnet = _Dense(config.inputs[1], video, config.dropouts[1])
        self.text_subnet = _Words(config.inputs[2], text, config.text_out, config.dropouts[2])
        product = (audio + 1) * (video + 1) * (config.text_out + 1)
        self.post_fusion_layer_1 = nn.Linear(product, config.fused)
        self.post_fusion_layer_2 = nn.Linear(config.fused, config.fused)
        self.post_fusion_layer_3 = nn.Linear(config.fused, 1)
        # Not trained, but parameters in the official code, and so in its checkpoints.
        self.output_range = nn.Parameter(torch.tensor([6.0]), requires_grad=False)
        self.output_shift = nn.Parameter(torch.tensor([-3.0]), requires_grad=False)

    def forward(self, audio: Tensor, video: Tensor, text: Tensor) -> Tensor:
        """(B, audio), (B, video) and the words' vectors (B, L, text) to scores (B, 1).

        Raises:
            ValueError: if shapes do not fit.
        """
        a, v, t = self.config.inputs
        if audio.shape[1:] != (a,) or video.shape[1:] != (v,) or text.ndim != 3 or text.shape[2] != t:
            raise ValueError(
                f"inputs must be (B, {a}), (B, {v}) and (B, L, {t}), "
                f"not {tuple(audio.shape)}, {tuple(video.shape)} and {tuple(text.shape)}"
            )
        z = fuse(self.audio_subnet(audio), self.video_subnet(video), self.text_subnet(text))
        z = functional.dropout(z, self.config.dropouts[3], self.training)
        z = self.post_fusion_layer_2(self.post_fusion_layer_1(z).relu()).relu()
        out: Tensor = self.post_fusion_layer_3(z).sigmoid() * self.output_range + self.output_shift
        return out


def fuse(audio: Tensor, video: Tensor, text: Tensor) -> Tensor:
    """Outer product (B, (A + 1)(V + 1)(T + 1)) of (B, A), (B, V) and (B, T), each with a 1 put in front.

    So the product holds 1, every feature, every pair and every triple. Order: audio, video, text, the last fastest.
    Source: arXiv:1707.07250, section 4.2.
    """
    a, v, t = (functional.pad(x, (1, 0), value=1.0) for x in (audio, video, text))
    return torch.einsum("bi,bj,bk->bijk", a, v, t).flatten(1)


def load_tfn(path: Path, config: TfnConfig) -> TensorFusion:
    """The network with the weights of a state dict, in eval mode, without gradients, float32.

    Raises:
        WeightsError: ``missing`` without the file; ``corrupt`` if tensors are missing, extra or misshapen.
    """
    model = TensorFusion(config)
    load_strictly(model, read_checkpoint(path), str(path))
    return model.requires_grad_(False).eval()


class _Dense(nn.Module):
    """Batch norm and three layers with ReLU, for sound and picture."""

    def __init__(self, inputs: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(inputs)
        self.drop = nn.Dropout(dropout)
        self.linear_1 = nn.Linear(inputs, hidden)
        self.linear_2 = nn.Linear(hidden, hidden)
        self.linear_3 = nn.Linear(hidden, hidden)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs) to (B, hidden)."""
        x = self.drop(self.norm(x))
        for layer in (self.linear_1, self.linear_2, self.linear_3):
            x = layer(x).relu()
        return x


class _Words(nn.Module):
    """The last hidden state of an LSTM, projected without activation."""

    def __init__(self, inputs: int, hidden: int, out: int, dropout: float) -> None:
        super().__init__()
        self.rnn = nn.LSTM(inputs, hidden, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.linear_1 = nn.Linear(hidden, out)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, inputs) to (B, out)."""
        _, (last, _) = self.rnn(x)
        out: Tensor = self.linear_1(self.drop(last[0]))
        return out
