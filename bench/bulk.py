"""Many workbooks: how the time grows with their number, what the second core gives, and whether workers grow.

``python bench/bulk.py [--up-to N] [--naive N]`` makes different workbooks (many.py), compiles 1, 10, 100 … of them with two
worker processes and, up to 1,000, with one, and prints time, gain and memory; then it times the script that does the same (naive.py)
over some of them in one process. Every output of the last run is compared with that of the run before.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from statistics import fmean
from time import perf_counter

from many import workbooks

from xl2report.bulk import Compiled, compile_many

SIZES = (1, 10, 100, 1_000, 5_000)
LONGEST_ALONE = 1_000
"""Workbooks that one worker is timed with: what the second one gives is known by then."""
MIB = 1 << 20


class Memory:
    """The resident memory of worker processes while they work, in MiB."""

    def __init__(self) -> None:
        self.seen: dict[int, list[tuple[int, float]]] = {}

    def look(self, _result: Compiled, done: int, total: int) -> None:
        if done % max(1, total // 100):
            return
        for process in multiprocessing.active_children():
            try:
                pages = int(Path(f"/proc/{process.pid}/statm").read_text(encoding="ascii").split()[1])
            except (OSError, ValueError):
                continue
            self.seen.setdefault(process.pid or 0, []).append((done, pages * os.sysconf("SC_PAGE_SIZE") / MIB))

    def start(self) -> float:
        """A worker after its first workbooks."""
        return fmean(samples[0][1] for samples in self.seen.values()) if self.seen else 0.0

    def growth(self) -> float:
        """MiB that a worker grows in 1,000 workbooks of its own: the slope over the second half of the run."""
        slopes = []
        for samples in self.seen.values():
            half = samples[len(samples) // 2 :]
            if len(half) > 4:
                x, y = fmean(n for n, _ in half), fmean(m for _, m in half)
                over = sum((n - x) ** 2 for n, _ in half)
                slopes.append(sum((n - x) * (m - y) for n, m in half) / over * 1_000 * len(self.seen))
        return fmean(slopes) if slopes else float("nan")


def timed(paths: Sequence[Path], out: Path, jobs: int, executor: Executor | None = None) -> tuple[float, Memory]:
    """Seconds for all of them, and the memory of the workers."""
    memory = Memory()
    begun = perf_counter()
    done = compile_many(paths, out, jobs=jobs, executor=executor, progress=memory.look)
    took = perf_counter() - begun
    if not done.ok:
        raise SystemExit(f"not timed: {next(r.first_error for r in done.results if r.status)}")
    return took, memory


def digest(folder: Path) -> str:
    """All files of a folder in one hash."""
    made = sha256()
    for path in sorted(folder.iterdir()):
        made.update(path.name.encode())
        made.update(path.read_bytes())
    return made.hexdigest()


def naive_loop(paths: Sequence[Path], out: Path) -> float:
    """Seconds a workbook that the naive script takes, all in one process, after the first."""
    import naive
    from bench import template_with_tags

    template = str(template_with_tags(out / "template"))
    naive.main([str(paths[0]), str(out / "0"), template])
    begun = perf_counter()
    for path in paths[1:]:
        naive.main([str(path), str(out / path.stem), template])
    return (perf_counter() - begun) / (len(paths) - 1)


@contextmanager
def dask(workers: int) -> Iterator[Executor]:
    """A Dask cluster on this machine, one process with one thread for each worker."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client.get_executor(pure=False)


def main() -> int:
    declared = argparse.ArgumentParser(description=__doc__)
    declared.add_argument("--up-to", type=int, default=5_000, metavar="N", help="largest number of workbooks")
    declared.add_argument(
        "--naive", type=int, default=30, metavar="N", help="workbooks of the naive loop (0: leave it out)"
    )
    declared.add_argument("--dask", type=int, default=0, metavar="N", help="compile N in a local Dask cluster too")
    options = declared.parse_args()
    sizes = [size for size in SIZES if size <= options.up_to]
    with tempfile.TemporaryDirectory(prefix="xl2report-bench-") as name:
        folder = Path(name)
        begun = perf_counter()
        paths = workbooks(max(*sizes, options.naive, options.dask, 1), folder / "in")
        print(f"{len(paths)} workbooks made in {perf_counter() - begun:.1f} s")
        print("| workbooks | 1 worker | each | 2 workers | each | gain | MiB a worker | growth per 1,000 |")
        print("|---:|---:|---:|---:|---:|---:|---:|---:|")
        each = 0.0
        for size in sizes:
            two, memory = timed(paths[:size], folder / f"two{size}", 2)
            alone, gain = "| | ", ""
            if size <= LONGEST_ALONE:
                one, _ = timed(paths[:size], folder / f"one{size}", 1)
                if digest(folder / f"one{size}") != digest(folder / f"two{size}"):
                    raise SystemExit("one worker and two do not write the same")
                each = one / size
                alone, gain = f"| {one:.2f} s | {1000 * each:.0f} ms ", f"{one / two:.2f} ×"
            print(
                f"| {size:,} {alone}| {two:.2f} s | {1000 * two / size:.1f} ms | {gain} "
                f"| {memory.start():.0f} | {memory.growth():.2f} MiB |",
                flush=True,
            )
        if options.dask:
            part = paths[: options.dask]
            pool, _ = timed(part, folder / "pool", 2)
            with dask(2) as executor:
                took, _ = timed(part, folder / "dask", 2, executor)
            same = digest(folder / "pool") == digest(folder / "dask")
            print(
                f"Dask, 2 workers, {options.dask} workbooks: {took:.2f} s (process pool {pool:.2f} s), same bytes: {same}"
            )
        if options.naive > 1:
            naive = naive_loop(paths[: options.naive], folder / "naive")
            print(
                f"naive loop: {1000 * naive:.0f} ms a workbook over {options.naive - 1}; 1,000 would take {1000 * naive:.0f} s "
                f"(extrapolated); ours with one worker is 1/{naive / each:.1f}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
