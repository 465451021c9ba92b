"""One engine in a process of its own: `python -m specdec_check.decode.bench.worker`.

It speaks one JSON object a line: requests on standard input, answers on standard output. `load` comes first and names
the engine and the pair; `decode` is one run. It ends with its input.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from .engines import Engine
    from .pairs import OpenPair

_COPIES = 7
_COPIED = {"cpu": 256 << 20, "cuda": 1 << 30}  # bytes, more than caches hold


class Desk:
    """Answers requests; the name of each method is a request's `do`."""

    def __init__(self) -> None:
        self._pair: OpenPair | None = None
        self._engine: Engine | None = None

    def load(
        self, engine: str, pair: dict[str, Any], device: str | None, dtype: str | None, threads: int | None
    ) -> dict[str, Any]:
        """Opens the pair, and says what it takes and where it lies."""
        import torch

        from ..runner import streamed_bytes
        from .engines import engine_for
        from .pairs import open_pair

        self._pair = opened = open_pair(pair, device, dtype, threads)
        streamed = {"target": streamed_bytes(opened.target), "drafter": streamed_bytes(opened.drafter)}
        self._engine = engine_for(engine, opened)
        return {
            "device": opened.device.type,
            "dtype": str(opened.target.dtype).removeprefix("torch."),
            "threads": torch.get_num_threads() if opened.device.type == "cpu" else None,
            "gpu": torch.cuda.get_device_name(opened.device) if opened.device.type == "cuda" else None,
            "bytes": opened.bytes,
            "free_bytes": _free_bytes(opened.device),
            "streamed_bytes": streamed,
            "parameters": {"target": opened.target.num_parameters(), "drafter": opened.drafter.num_parameters()},
            "epsilon": opened.epsilon,
            "expected_alpha": opened.expected_alpha,
        }

    def prompts(self, count: int, length: int) -> list[list[int]]:
        """Prompts as ids, for all engines."""
        return self._opened.source.prompts(count, length)

    def decode(self, setting: dict[str, Any], prompts: list[list[int]], wish: dict[str, Any]) -> list[dict[str, Any]]:
        """One run: every prompt once, each timed."""
        from .engines import Wish
        from .plan import Setting

        if self._engine is None:
            raise RuntimeError("no engine is loaded")
        chosen, asked = Setting(**setting), Wish(**wish)
        found = [self._engine.decode(chosen, prompt, asked) for prompt in prompts]
        if short := [len(one.ids) for one in found if len(one.ids) != asked.new_tokens]:
            raise RuntimeError(f"it decoded {short[0]} tokens of {asked.new_tokens}")
        return [asdict(one) for one in found]

    def copy_rate(self) -> float:
        """Bytes read and written per second when a large buffer is copied on the device: the median of a few."""
        import torch

        from .engines.timing import synchronize

        device = self._opened.device
        source = torch.ones(_COPIED[device.type], dtype=torch.uint8, device=device)
        sink = torch.empty_like(source)
        sink.copy_(source)
        rates = []
        for _ in range(_COPIES):
            synchronize(device)
            start = time.perf_counter()
            sink.copy_(source)
            synchronize(device)
            rates.append(2 * source.numel() / (time.perf_counter() - start))
        del source, sink
        if device.type == "cuda":
            torch.cuda.empty_cache()  # the peers' processes need it
        return statistics.median(rates)

    def margin(self, ids: list[int]) -> float:
        """How far apart the target's two best logits are after these ids."""
        from .engines.transformers import Transformers

        if not isinstance(self._engine, Transformers):
            raise TypeError("only transformers is asked for margins")
        return self._engine.margin(ids)

    @property
    def _opened(self) -> OpenPair:
        if self._pair is None:
            raise RuntimeError("no pair is loaded")
        return self._pair


def _free_bytes(device: torch.device) -> int | None:
    """What is left on the device; None where it cannot be told."""
    import torch

    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    names = ("SC_AVPHYS_PAGES", "SC_PAGE_SIZE")
    if not all(name in os.sysconf_names for name in names):
        return None
    pages, size = (os.sysconf(name) for name in names)
    return pages * size


def _answer(desk: Desk, line: str) -> dict[str, Any]:
    request = json.loads(line)
    try:
        return {"answer": getattr(desk, request.pop("do"))(**request)}
    except Exception as error:  # noqa: BLE001 - a peer can raise anything, and it becomes a sentence in its row
        said = " ".join(str(error).split())
        return {"error": said[:300] if _is_ours(error) else f"{type(error).__name__}: {said[:300]}"}


def _is_ours(error: Exception) -> bool:
    from specdec_check.compat.errors import CheckError

    return isinstance(error, CheckError)


def main() -> None:
    """Serves until the input ends. What libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    desk = Desk()
    for line in sys.stdin:
        print(json.dumps(_answer(desk, line)), file=answers, flush=True)


if __name__ == "__main__":
    main()
