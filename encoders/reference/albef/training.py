"""Fine-tuning ALBEF for retrieval: momentum copies, queues, and the two losses.

Source: arXiv:2107.07651, sections 3.2 and 3.3; official code salesforce/ALBEF, models/model_retrieval.py (forward). One
process; the official code puts the vectors of all into the queue.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.reference.albef.model import Albef, AlbefConfig

_NOBODY = -100  # picture id of an empty place in the queue, official code


@dataclass(frozen=True, slots=True)
class MomentumConfig:
    """Constants of fine-tuning, official configs/Retrieval_coco.yaml.

    Attributes:
        queue_size: vectors kept of earlier batches; a multiple of the batch.
        momentum: share of the copies that stays in each step.
        temperature: first value of the learned number that divides cosines; never clamped here.
    """

    queue_size: int = 65_536
    momentum: float = 0.995
    temperature: float = 0.07


@dataclass(frozen=True, slots=True)
class AlbefLosses:
    """Scalars; the official loss is their sum."""

    contrastive: Tensor
    matching: Tensor

    @property
    def total(self) -> Tensor:
        """Sum with equal weights."""
        return self.contrastive + self.matching


class AlbefTraining(Albef):
    """ALBEF with all that its fine-tuning keeps, in official names (``_m``: momentum copy)."""

    image_queue: Tensor
    text_queue: Tensor
    idx_queue: Tensor
    queue_ptr: Tensor

    def __init__(self, config: AlbefConfig, momentum: MomentumConfig | None = None) -> None:
        super().__init__(config)
        self._constants = momentum or MomentumConfig()
        size = self._constants.queue_size
        self.temp = nn.Parameter(torch.tensor(self._constants.temperature))
        self.visual_encoder_m = copy.deepcopy(self.visual_encoder).requires_grad_(False)
        self.vision_proj_m = copy.deepcopy(self.vision_proj).requires_grad_(False)
        self.text_encoder_m = copy.deepcopy(self.text_encoder).requires_grad_(False)
        self.text_proj_m = copy.deepcopy(self.text_proj).requires_grad_(False)
        for name in ("image_queue", "text_queue"):
            self.register_buffer(name, functional.normalize(torch.randn(config.embed_dim, size), dim=0))
        self.register_buffer("idx_queue", torch.full((1, size), _NOBODY))
        self.register_buffer("queue_ptr", torch.zeros(1, dtype=torch.long))

    def losses(
        self,
        pixels: Tensor,
        ids: Tensor,
        mask: Tensor,
        pictures: Tensor,
        alpha: float = 0.4,
        generator: torch.Generator | None = None,
    ) -> AlbefLosses:
        """Both losses of n pairs; moves the momentum copies before and the queues after the contrastive one.

        Args:
            pixels: (n, 3, s, s).
            ids: (n, L) texts; ``mask`` alike.
            pictures: (n,) int64 ids of the pictures: pairs of one picture are right for each other.
            alpha: weight of the momentum copies' targets; officially raised from 0 to 0.4 in the first epoch.
            generator: where the draw of negatives takes random numbers.

        Raises:
            ValueError: if shapes do not fit, the queue is no multiple of the batch, ``alpha`` is outside [0, 1], or
                a pair has no wrong partner in its batch.
        """
        batch = len(pixels)
        if len(ids) != batch or pictures.shape != (batch,):
            raise ValueError(f"{batch} pictures need as many texts and ids, not {len(ids)} and {tuple(pictures.shape)}")
        if not batch or self._constants.queue_size % batch:
            raise ValueError(f"a queue of {self._constants.queue_size} is no multiple of a batch of {batch}")
        if not 0 <= alpha <= 1:
            raise ValueError(f"alpha must be in [0, 1], not {alpha}")
        same = pictures[:, None] == pictures[None]
        if bool(same.all(dim=1).any()):
            raise ValueError("a pair has no wrong partner in its batch")
        tokens = self.picture_tokens(pixels)
        states = self.text_encoder.text_states(ids, mask)
        seen = self.picture_vectors(tokens)
        said = functional.normalize(self.text_proj(states[:, 0]), dim=-1)
        with torch.no_grad():
            self._move_copies()
            seen_m = functional.normalize(self.vision_proj_m(self.visual_encoder_m(pixels)[:, 0]), dim=-1)
            said_m = functional.normalize(self.text_proj_m(self.text_encoder_m.text_states(ids, mask)[:, 0]), dim=-1)
            # Copies: the queues change before gradients are taken.
            all_seen = torch.cat([seen_m.T, self.image_queue], dim=1)
            all_said = torch.cat([said_m.T, self.text_queue], dim=1)
            right = (pictures[:, None] == torch.cat([pictures[None], self.idx_queue], dim=1)).to(seen.dtype)
            right = right / right.sum(dim=1, keepdim=True)
            to_text_m = alpha * (seen_m @ all_said / self.temp).softmax(dim=1) + (1 - alpha) * right
            to_picture_m = alpha * (said_m @ all_seen / self.temp).softmax(dim=1) + (1 - alpha) * right
        to_text, to_picture = seen @ all_said / self.temp, said @ all_seen / self.temp
        one, two = functional.cross_entropy(to_text, to_text_m), functional.cross_entropy(to_picture, to_picture_m)
        self._enqueue(seen_m, said_m, pictures)
        # The official code adds 1e-4 to the logits first, which a softmax does not notice.
        wrong_pictures = _negatives(to_picture[:, :batch], same, generator)
        wrong_texts = _negatives(to_text[:, :batch], same, generator)
        logits = self.match_states(
            torch.cat([tokens, tokens[wrong_pictures], tokens]),
            torch.cat([states, states, states[wrong_texts]]),
            torch.cat([mask, mask, mask[wrong_texts]]),
        )
        labels = torch.zeros(len(logits), dtype=torch.long, device=logits.device)
        labels[:batch] = 1
        return AlbefLosses((one + two) / 2, functional.cross_entropy(logits, labels))

    def _move_copies(self) -> None:
        kept = self._constants.momentum
        for name in ("visual_encoder", "vision_proj", "text_encoder", "text_proj"):
            source, target = getattr(self, name), getattr(self, f"{name}_m")
            for new, old in zip(source.parameters(), target.parameters(), strict=True):
                old.mul_(kept).add_(new, alpha=1 - kept)

    @torch.no_grad()
    def _enqueue(self, seen: Tensor, said: Tensor, pictures: Tensor) -> None:
        start = int(self.queue_ptr)
        end = start + len(seen)
        if end > self._constants.queue_size:
            raise ValueError(f"the batch size changed: {len(seen)} places from {start} on leave the queue")
        self.image_queue[:, start:end] = seen.T
        self.text_queue[:, start:end] = said.T
        self.idx_queue[:, start:end] = pictures
        self.queue_ptr[0] = end % self._constants.queue_size


def _negatives(scores: Tensor, same: Tensor, generator: torch.Generator | None) -> Tensor:
    """For each row of ``scores`` (n, n) a column (n,) drawn by softmax, none of those that are ``same``."""
    # Hidden before the softmax instead of set to 0 after it: the same shares, and never all 0 by rounding.
    shares = scores.detach().masked_fill(same, -torch.inf).softmax(dim=1)
    return torch.multinomial(shares, 1, generator=generator)[:, 0]
