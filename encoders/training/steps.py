"""Training of the cross-modal ranker, epoch by epoch: every epoch depends on the state before it and on its number.

So an epoch that was interrupted can be done again, and every worker of several gets a share of the same order.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from encoders.reference.acmr import AcmrConfig, modality_loss, reversal_weight, triplet_loss
from encoders.training.batches import Batch, batch_of, by_video, clips_of
from encoders.training.config import CrossModalConfig
from encoders.training.cross_modal import CrossModalRanker, kind_gap, pair_loss, pooled
from encoders.training.pairs import PairData
from encoders.training.scoring import AT_A_TIME

_KEEPS_UP = 5.0  # times the rate of the rest; Source: our choice
_JUDGE_BETAS = (0.5, 0.9)  # short memories, for what it judges moves; Source: Gulrajani et al. 2017, arXiv:1704.00028
_CHANCE = 2 * math.log(2.0)  # loss of a classifier of two kinds that guesses


@dataclass(frozen=True, slots=True)
class Epoch:
    """Means over the pairs of one epoch; ``gap``: how far kinds lie apart at its end (`cross_modal.kind_gap`)."""

    number: int
    loss: float
    pairs: float
    triplets: float
    kinds: float
    gap: float


class Training:
    """One model in training.

    Args:
        wrap: what is done with the model before it is trained, e.g. to spread it over several processes.
        share: (rank, count): this process sees every ``count``-th pair of the order.
    """

    def __init__(
        self,
        data: PairData,
        config: CrossModalConfig,
        device: str = "cpu",
        wrap: Callable[[torch.nn.Module], torch.nn.Module] | None = None,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        self._data, self._config, self._share = data, config, share
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.model = CrossModalRanker(config).to(device)
        self._step = _Losses(self.model, config)
        self._losses = wrap(self._step) if wrap is not None else self._step
        judge = [value for name, value in self.model.named_parameters() if ".dc_fc_" in name]
        others = [value for name, value in self.model.named_parameters() if ".dc_fc_" not in name]
        # The classifier of kinds must keep up with what it judges, else its gradient leads nowhere.
        groups: list[dict[str, Any]] = [
            {"params": others},
            {"params": judge, "lr": _KEEPS_UP * config.rate, "betas": _JUDGE_BETAS},
        ]
        self._optimizer = torch.optim.AdamW(groups, lr=config.rate, weight_decay=config.decay)
        self._rates = [float(group["lr"]) for group in self._optimizer.param_groups]
        self._device = device
        self._likings = _likings(data)

    def epoch(self, number: int) -> Epoch:
        """One pass over all pairs; ``number`` from 0."""
        rank, count = self._share
        order = np.random.default_rng((self._config.seed, number)).permutation(len(self._data))
        if self._config.facets:
            order = by_video(order, np.asarray(self._data.video))
        order = order[: len(order) - len(order) % count] if count > 1 else order  # the same number of steps for all
        order = order[rank::count]
        progress = (number + 0.5) / self._config.epochs
        sums, weight = np.zeros(4), reversal_weight(progress)
        self._slow_down(progress)
        self.model.train()
        for start in range(0, len(order), self._config.batch):
            rows = np.sort(order[start : start + self._config.batch])
            losses = self._losses(*self._batch(rows), weight)
            self._optimizer.zero_grad()
            losses[0].backward()
            clip_grad_norm_(self.model.parameters(), 1.0)
            self._optimizer.step()
            sums += np.array([float(one.detach()) for one in losses]) * len(rows)
        sums /= max(1, len(order))
        loss, pairs, triplets, kinds = (float(one) for one in sums)
        return Epoch(number, loss, pairs, triplets, kinds, self.gap())

    def _slow_down(self, progress: float) -> None:
        """In the second half rates fall to nearly nothing (half a cosine; Hägele et al. 2024, arXiv:2405.18392).

        Two that play against each other circle around where both are at rest, as far away as their steps are long:
        only shorter steps bring them there. So the reversal of Ganin et al. 2016 goes with falling rates, too.
        """
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * 0.5 * (1.0 + math.cos(math.pi * max(0.0, 2.0 * progress - 1.0)))

    def gap(self) -> float:
        """How far the two kinds lie apart in the common space; see `cross_modal.kind_gap`."""
        videos = np.unique(np.asarray(self._data.video))[:AT_A_TIME]
        self.model.eval()
        with torch.no_grad():
            clips, there = clips_of(self._data, videos, self._device)
            tags = torch.from_numpy(np.array(self._data.tags[:AT_A_TIME])).to(self._device)
            return kind_gap(pooled(self.model.clips(clips), there), self.model.tags(tags))

    def state(self) -> bytes:
        """Everything that the next epoch depends on."""
        file = io.BytesIO()
        torch.save({"model": self.model.state_dict(), "optimizer": self._optimizer.state_dict()}, file)
        return file.getvalue()

    def resume(self, state: bytes) -> None:
        """Goes on from `state`."""
        read = torch.load(io.BytesIO(state), map_location=self._device, weights_only=True)
        self.model.load_state_dict(read["model"])
        self._optimizer.load_state_dict(read["optimizer"])

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """What was learned, by name."""
        return {name: tensor.detach().cpu().numpy().copy() for name, tensor in self.model.state_dict().items()}

    def _batch(self, rows: NDArray[np.int64]) -> tuple[Batch, Tensor, Tensor, Tensor]:
        data = self._data
        video, tag = np.asarray(data.video[rows]), np.asarray(data.tag[rows])
        made = (
            np.array(data.accepted[rows], np.float32),
            np.array(data.base[rows], np.float32),
            self._likings[video][:, tag].toarray() > 0,
        )
        accepted, base, liked = (torch.from_numpy(one).to(self._device) for one in made)
        return batch_of(data, rows, self._device, bool(self._config.facets)), accepted, base, liked


def train(
    data: PairData, config: CrossModalConfig, on_epoch: Callable[[Epoch], None] | None = None
) -> dict[str, NDArray[np.float32]]:
    """Trains from the first weights to the last epoch, in this process; the weights by name."""
    training = Training(data, config)
    for number in range(config.epochs):
        done = training.epoch(number)
        if on_epoch is not None:
            on_epoch(done)
    return training.weights()


class _Losses(torch.nn.Module):
    """The losses of a batch: of the pairs, of triplets in both directions, and of the classifier of kinds."""

    def __init__(self, model: CrossModalRanker, config: CrossModalConfig) -> None:
        super().__init__()
        self._model, self._config = model, config
        self._acmr = AcmrConfig(config.margin, config.push, alpha=1.0, beta=0.0, decay=0.0)

    def forward(
        self, batch: Batch, accepted: Tensor, base: Tensor, liked: Tensor, weight: float
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        seen, named = self._model.clips(batch.clips), self._model.tags(batch.tags)
        pairs = pair_loss(batch.logits(self._model, seen, named), base, accepted)
        whole = pooled(seen, batch.there)
        triplets = self._triplets(whole, named, accepted > 0.5, liked)
        projectors = self._model.projectors
        kinds = modality_loss(projectors.kinds(whole, weight), projectors.kinds(named, weight))
        total = pairs + self._config.triplets * triplets
        if self._config.adversary:
            # The classifier learns all the time; the projectors flee only while it is better than chance, for beyond
            # that they would flee for ever, into the ends of their range, where nothing is learned any more.
            alone = modality_loss(projectors.kinds(whole.detach(), 0.0), projectors.kinds(named.detach(), 0.0))
            total = total + alone + self._config.adversary * kinds.clamp(max=_CHANCE)
        return total, pairs, triplets, kinds

    def _triplets(self, videos: Tensor, tags: Tensor, accepted: Tensor, liked: Tensor) -> Tensor:
        """Mean over accepted pairs, with the nearest wrong tag of the video and the nearest wrong video of the tag.

        Args:
            liked: (b, b) bool: the video of a row has the tag of a column.
        """
        rows = torch.nonzero(accepted & ~liked.all(dim=1) & ~liked.all(dim=0))[:, 0]
        if not len(rows):
            return videos.sum() * 0.0
        likeness = (videos @ tags.T).detach().masked_fill(liked, -torch.inf)
        wrong_tags, wrong_videos = likeness[rows].argmax(dim=1), likeness[:, rows].argmax(dim=0)
        seen = triplet_loss(videos[rows], tags[rows], tags[wrong_tags], self._acmr)
        said = triplet_loss(tags[rows], videos[rows], videos[wrong_videos], self._acmr)
        return (seen + said) / (2 * len(rows))


def _likings(data: PairData) -> sparse.csr_array:
    """(videos, tags): 1 where a video has a tag."""
    rows = np.flatnonzero(np.asarray(data.accepted) > 0.5)
    where = (np.asarray(data.video)[rows], np.asarray(data.tag)[rows])
    return sparse.csr_array((np.ones(len(rows), np.float32), where), (len(data.clips), len(data.tags)))
