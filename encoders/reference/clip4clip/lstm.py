"""CLIP4Clip's head ``seqLSTM``.

Source: arXiv:2104.08860, section 3.3, sequential type.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from encoders.reference.clip4clip.base import Clip4ClipConfig
from encoders.reference.clip4clip.mean import MeanClip4Clip
from encoders.reference.clip4clip.pooling import check_frames


class LstmClip4Clip(MeanClip4Clip):
    """Frames after an LSTM, added to themselves.

    Official checkpoints hold frame positions although this head does not use them.
    """

    def __init__(self, config: Clip4ClipConfig) -> None:
        super().__init__(config)
        width = config.clip.embed_dim
        self.frame_position_embeddings = nn.Embedding(self.most_frames, width)
        self.lstm_visual = nn.LSTM(width, width, batch_first=True)

    def temporal(self, frames: Tensor, mask: Tensor) -> Tensor:
        """The LSTM's states (m, longest, d): 0 behind a video's last frame, cut at the longest video's.

        Raises:
            ValueError: if shapes do not fit, a video has no frame, or padding lies between frames.
        """
        check_frames(frames, mask, 1, self.most_frames)
        lengths = mask.sum(dim=1).to("cpu")
        if (mask.int().diff(dim=1) > 0).any():
            raise ValueError("padding must lie behind all frames of a video")
        packed = pack_padded_sequence(frames, lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.lstm_visual(packed)[0], batch_first=True)
        return states

    def video_vectors(self, frames: Tensor, mask: Tensor) -> Tensor:
        """As `MeanClip4Clip.video_vectors`, of the frames and the LSTM's states together."""
        states = self.temporal(frames, mask)
        behind = frames.shape[1] - states.shape[1]
        return super().video_vectors(functional.pad(states, (0, 0, 0, behind)) + frames, mask)
