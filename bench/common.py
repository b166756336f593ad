"""What every bench needs: one JSON line a figure, and peers measured turn by turn."""

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence


def figure(
    bench: str,
    name: str,
    *,
    ours: float,
    peer: float,
    peer_name: str,
    goal: str,
    holds: bool | None,
    ratio: float | None = None,
) -> bool:
    """Print one figure; `holds` is None where there is no goal. Returns whether it holds.

    `ratio` is ours over the peer's, in the same unit from the same run.
    """
    line = {
        "bench": bench,
        "figure": name,
        "ours": round(ours, 6),
        "peer": round(peer, 6),
        "peer_name": peer_name,
        "ratio": round(ours / peer if ratio is None else ratio, 3) if peer else None,
        "goal": goal,
        "holds": holds,
    }
    print(json.dumps(line, ensure_ascii=False), flush=True)
    return holds is not False


def end(held: Sequence[bool]) -> None:
    """Leave with 1 if a figure missed its goal."""
    sys.exit(0 if all(held) else 1)


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def interleaved(
    ways: Sequence[Callable[[], object]], rounds: int, each: int = 1
) -> list[list[float]]:
    """Seconds per call of every way, measured in turns so that a busy machine slows all alike.

    Each round calls every way `each` times, beginning with another one each time; the first
    round warms up and is thrown away.
    """
    taken: list[list[float]] = [[] for _ in ways]
    for turn in range(rounds + 1):
        for step in range(len(ways)):
            which = (turn + step) % len(ways)
            for _ in range(each):
                spent = seconds(ways[which])
                if turn:
                    taken[which].append(spent)
    return taken


def median_ratio(ours: Sequence[float], peers: Sequence[float]) -> float:
    """Median of ours over median of theirs: of many short calls the usual one."""
    return statistics.median(ours) / statistics.median(peers)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all are not above (0.99: p99)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
