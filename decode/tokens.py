"""The ids of one sequence, kept on the device."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Tokens:
    """Prompt and committed ids in one int64 buffer that doubles when it is full.

    Drafts become committed ids by a copy on the device; the host is told, and never has to send them back.
    """

    def __init__(self, prompt: Sequence[int], device: torch.device) -> None:
        self.length = len(prompt)
        self._buffer = torch.zeros(max(256, 2 * self.length), dtype=torch.int64, device=device)
        self._buffer[: self.length] = torch.tensor(prompt, dtype=torch.int64, device=device)

    def append(self, ids: Tensor) -> None:
        """Adds (n,) int64."""
        end = self.length + ids.shape[0]
        while self._buffer.shape[0] < end:
            self._buffer = torch.cat((self._buffer, torch.zeros_like(self._buffer)))
        self._buffer[self.length : end] = ids
        self.length = end

    def since(self, position: int) -> Tensor:
        """The ids from a position to the end, (length - position,): a view that the next append may outdate."""
        return self._buffer[position : self.length]
