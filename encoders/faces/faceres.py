"""FaceRes: the picture of one face to a vector of it, and to how likely it is a woman's.

Source: Savchenko 2019, Efficient facial representations for age, gender and identity recognition in organizing photo
albums using multi-output CNN, arXiv:1807.07718 (MobileNet v1, trained on VGGFace2); the network is the graph of
``faceres.json`` in the package @vladmandic/human 3.3.6. Its input is that of the author's own code (HSE_FaceRec_tf):
blue, green, red, less their means over ImageNet. The package feeds plain red, green, blue, which tells faces apart less
well: of three photos of one man, turned into 24, the least like two are .68 alike instead of .59, while 95 in 100 pairs
of different people stay below .52 with either.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from encoders.faces.graph_weights import GraphWeights
from encoders.faces.same_padding import SameConv, channels_last
from encoders.registry.loading import LoadContext
from encoders.types import FaceFeatures, Pixels, WeightsError, check_frames

SIZE = 224
DIM = 1024
_MEANS = (103.939, 116.779, 123.68)  # of blue, green and red
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)  # of the thirteen depthwise convolutions


class FaceRes(nn.Module):
    """The network, with the weights of the graph; the head that guesses an age is left out."""

    def __init__(self, weights: GraphWeights) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            SameConv(
                weights.convolution("conv1/convolution/merged_input"),
                weights.vector("conv1_bn/batchnorm_1/sub"),
                stride=2,
            ),
            nn.ReLU6(),
        ]
        for number, stride in enumerate(_STRIDES, 1):
            norm = f"conv_dw_{number}_bn/batchnorm_1"
            kernel = weights.depthwise(f"conv_dw_{number}/depthwise_kernel")
            kernel *= weights.vector(f"{norm}/mul")[:, None, None, None]
            layers += [SameConv(kernel, weights.vector(f"{norm}/sub"), stride, groups=len(kernel)), nn.ReLU6()]
            kernel = weights.convolution(f"conv_pw_{number}/convolution/merged_input")
            layers += [SameConv(kernel, weights.vector(f"conv_pw_{number}_bn/batchnorm_1/sub")), nn.ReLU6()]
        self._body = nn.Sequential(*layers)
        self._feats = _linear(weights, "feats")
        self._gender = _linear(weights, "gender_pred")

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (n, 1024) and the probability of a man (n,) of (n, 3, 224, 224) float32 BGR bytes less the means."""
        pooled = self._body(faces).mean((2, 3))
        return pooled, torch.sigmoid(self._gender(torch.relu(self._feats(pooled))))[:, 0]


def _linear(weights: GraphWeights, name: str) -> nn.Linear:
    matrix, bias = weights.matrix(f"{name}/kernel"), weights.vector(f"{name}/bias")
    layer = nn.Linear(matrix.shape[1], matrix.shape[0])
    layer.weight, layer.bias = nn.Parameter(matrix, False), nn.Parameter(bias, False)
    return layer


class FaceEncoder:
    """Vectors of faces that were cut out already (`encoders.faces.crop`)."""

    def __init__(self, network: FaceRes, name: str) -> None:
        self._network = network.eval()
        channels_last(network)
        self.name = name
        self.dim = DIM

    def encode(self, faces: Sequence[Pixels]) -> FaceFeatures:
        """What n faces look like, each (h, w, 3) uint8 RGB of any size.

        Raises:
            ValueError: if one has another type or shape.
        """
        if not faces:
            return FaceFeatures(np.zeros((0, DIM), np.float32), np.zeros(0, np.float32))
        for face in faces:
            check_frames(face[None])
        small = np.stack([cv2.resize(face, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR) for face in faces])
        blue_first = np.ascontiguousarray(small[..., ::-1], np.float32) - np.array(_MEANS, np.float32)
        pixels = torch.from_numpy(blue_first).permute(0, 3, 1, 2)
        with torch.inference_mode():
            vectors, men = self._network(pixels.contiguous(memory_format=torch.channels_last))
        found = vectors.numpy()
        lengths = np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-6)
        return FaceFeatures((found / lengths).astype(np.float32), 1.0 - men.numpy().astype(np.float32))


def load(context: LoadContext) -> FaceEncoder:
    """The encoder of the registry.

    Raises:
        WeightsError: ``corrupt`` if the files are not those of this network.
    """
    if context.spec.dim != DIM:
        raise WeightsError("corrupt", f"The model {context.spec.name} makes vectors of {DIM}, not {context.spec.dim}.")
    torch.set_num_threads(context.threads)
    weights = GraphWeights.read(context.paths["description"], context.paths["weights"])
    return FaceEncoder(FaceRes(weights), context.spec.name)
