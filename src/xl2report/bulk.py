"""Many workbooks: worker processes or any executor, limits on each, and nothing that one of them does to the others.

:func:`compile_many` collects the workbooks, hands them out in chunks (:func:`work` runs where they are worked on) and
gives the results in their order. What is handed over is small: paths or the bytes of workbooks, and the options.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from xl2report.collecting import Refused, Workbook, collected
from xl2report.findings import Finding, finding, has_errors, strictly
from xl2report.loading import ProfileError, load_profile
from xl2report.packages import inputs_of, write_all
from xl2report.pipeline import (
    DEFAULT_PROFILE,
    CompileResult,
    Report,
    before_work,
    inputs_key,
    load,
    make,
    output_names,
)
from xl2report.summary import Compiled, KeyFigure, State, summary

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future
    from multiprocessing.connection import Connection

Command = Literal["compile", "check"]
Carry = Literal["paths", "bytes"]

LARGEST_CHUNK = 16
PER_WORKER = 2
"""Chunks that are handed out for each worker: one that it works on, and the next."""
MOST_WORKERS = 61
"""No system waits for more processes than this at once (Windows)."""
GRACE = 10
"""Seconds after the time limit when a worker that does not heed it ends itself."""


class Limits(NamedTuple):
    """What one workbook may take: seconds, and MiB of address space of its worker (where the system counts that)."""

    seconds: int = 300
    memory: int = 2048


@dataclass(frozen=True)
class BulkResult:
    """What became of many workbooks, in the order in which they were given."""

    results: tuple[Compiled, ...]

    @property
    def ok(self) -> bool:
        """Whether none has an error."""
        return self.status == 0

    @property
    def status(self) -> int:
        """The worst of theirs."""
        return max((result.status for result in self.results), default=0)

    def count(self, state: State) -> int:
        """How many workbooks ended so."""
        return sum(result.state == state for result in self.results)

    def write_summary(self, path: str | Path, *, lang: str = "zh") -> CompileResult:
        """Write a row for each workbook to a .json, .csv or .xlsx file."""
        target = Path(path)
        made = summary(self.results, target, lang)
        if isinstance(made, Finding):
            return CompileResult((), (made,))
        written = write_all({target: made})
        return CompileResult(written.paths, written.findings)


Progress = Callable[[Compiled, int, int], None]
"""Called with each result as it comes, how many there are now, and how many there will be."""


def compile_many(
    paths: Iterable[str | Path] | str | Path,
    out: str | Path | None = None,
    *,
    executor: Executor | None = None,
    jobs: int | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    chunk: int | None = None,
    carry: Carry = "paths",
    limits: Limits | None = None,
    **options: Any,
) -> BulkResult:
    """Compile workbooks, each as :func:`xl2report.compile` does, on many cores or many machines.

    Args:
        paths: workbooks, folders of workbooks, patterns (``county/**/*.xlsx``).
        out: the folder for the outputs; below it the sub-folders of folders and patterns are kept. By default they are
            written beside each workbook.
        executor: where the work is done: any ``concurrent.futures.Executor``, such as that of a Dask client. By default
            worker processes of this machine, which are made and ended here.
        jobs: the number of worker processes, or of workers that the executor has; by default as many as there are cores.
        resume: leave workbooks out whose outputs were made from the same inputs and are as the program wrote them.
        progress: called here, in this thread, with each result.
        chunk: workbooks handed to a worker at once; by default few enough that all workers have work to the end.
        carry: ``"paths"``, where workers see the same files; ``"bytes"``, where they do not: workbooks, a template of your
            own and outputs are sent, and this process writes the outputs.
        limits: time and memory of one workbook; they hold in worker processes made here.
        options: those of :func:`xl2report.compile`: template, profile, strict, toc, pdf, with_tables, marks.

    Returns:
        A result for each workbook, and one for each thing in ``paths`` that is none.

    Raises:
        ProfileError: where the profile itself cannot be used.
        KeyboardInterrupt: after what was being written is whole. Nothing more is begun; a second one stops at once.
    """
    given = [paths] if isinstance(paths, str | Path) else paths
    listed = collected(given, Path(out) if out is not None else None)
    order = Order("compile", options, resume=resume)
    return BulkResult(
        run(
            order,
            listed,
            executor=executor,
            jobs=jobs,
            progress=progress,
            chunk=chunk,
            carry=carry,
            limits=limits,
        )
    )


# -- where the work is done ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Order:
    """What is done with every workbook. ``template`` holds the user's own where workers cannot see the file."""

    command: Command
    options: Mapping[str, Any] = field(default_factory=dict)
    resume: bool = False
    seconds: int = 0
    template: bytes | None = None


class Item(NamedTuple):
    """One workbook to work on; ``data`` holds its bytes where the worker cannot see the file."""

    number: int
    workbook: Path
    folder: Path
    data: bytes | None = None


@dataclass(frozen=True)
class Outcome:
    """The result of an item, with the outputs that the caller is to write."""

    number: int
    result: Compiled
    outputs: Mapping[Path, bytes] = field(default_factory=dict)


def work(order: Order, items: Sequence[Item]) -> list[Outcome]:
    """What becomes of each item; none after a worker process was told to stop. Never raises because of a workbook."""
    done: list[Outcome] = []
    for item in items:
        if _WORKER.stopping:
            break
        started = perf_counter()
        outcome = _guarded(order, item)
        done.append(replace(outcome, result=replace(outcome.result, seconds=perf_counter() - started)))
    return done


class _OutOfTimeError(BaseException):
    """The time limit; no ``except Exception`` on the way keeps it."""


def _guarded(order: Order, item: Item) -> Outcome:
    try:
        if item.data is None:
            return _worked(order, item, item.workbook, order.options)
        import tempfile

        with tempfile.TemporaryDirectory(prefix="xl2report-", ignore_cleanup_errors=True) as name:
            source, options = Path(name) / item.workbook.name, dict(order.options)
            source.write_bytes(item.data)
            if order.template is not None:
                options["template"] = Path(name) / "template" / Path(options["template"]).name
                options["template"].parent.mkdir()
                options["template"].write_bytes(order.template)
            return _worked(order, item, source, options)
    except _OutOfTimeError:
        return _failed(item, finding("B905", str(item.workbook), seconds=str(order.seconds)))
    except MemoryError:
        return _failed(item, finding("B906", str(item.workbook), limit=str(_WORKER.memory or "…")))
    except ProfileError as error:
        found = tuple(finding("F008", error.profile, reason=problem) for problem in error.problems)
        return _failed(item, *found)
    except Exception as error:  # whatever it is, the other workbooks are not to suffer
        return _failed(item, finding("B908", str(item.workbook), reason=_said(error)))


def _worked(order: Order, item: Item, source: Path, options: Mapping[str, Any]) -> Outcome:
    if order.resume and item.data is None and (kept := already(order, item)) is not None:
        return Outcome(item.number, kept)
    if order.command == "check":
        with _within(order.seconds):
            report = load(source, options.get("profile"))
            _, findings = report.narrative(options.get("template"), toc="none", marks="none")
        findings = strictly(findings) if options.get("strict") else findings
        status = 2 if not report.readable else int(has_errors(findings))
        state: State = "failed" if status else "checked"
        return Outcome(item.number, _compiled(item.workbook, state, status, (), findings, report))
    first = () if item.data is not None else before_work(source, item.folder, pdf=bool(options.get("pdf")))
    if has_errors(first):
        return Outcome(item.number, Compiled(item.workbook, "failed", 1, findings=first))
    with _within(order.seconds):
        made = make(source, item.folder, **options)
        key_figures(made.report)
    made = made._replace(findings=(*made.findings, *first))
    if item.data is not None and made.outputs:
        result = _compiled(item.workbook, "written", 0, (), made.findings, made.report)
        return Outcome(item.number, result, made.outputs)
    with _writing():
        done = made.written()
    state = "written" if done.paths else "failed"
    return Outcome(item.number, _compiled(item.workbook, state, done.status, done.paths, done.findings, made.report))


def _compiled(
    workbook: Path, state: State, status: int, paths: tuple[Path, ...], findings: tuple[Finding, ...], report: Report
) -> Compiled:
    info = report.book.info
    name, year = info.get("部门名称", ""), info.get("年度", "")
    return Compiled(workbook, state, status, paths, findings, report.left_out, name, year, key_figures(report))


def key_figures(report: Report) -> tuple[KeyFigure, ...]:
    """The numbers that the profile wants in a summary; none where the workbook could not be read."""
    if not report.readable:
        return ()
    made = []
    for name in report.profile.summary:
        figure = report.figures[name]
        rounded = None if figure.value is None else figure.unit.rounded(figure.value)
        made.append(KeyFigure(name, figure.label or name, figure.unit.name, rounded, figure.value))
    return tuple(made)


def already(order: Order, item: Item) -> Compiled | None:
    """The result of a workbook whose outputs are there, untouched, and made from the same inputs; its numbers are read again."""
    options = dict(order.options)
    template, profile = options.pop("template", None), options.pop("profile", None)
    paths = tuple(item.folder / name for name in output_names(item.workbook, pdf=bool(options.get("pdf"))))
    key = inputs_key(item.workbook, template, profile, {**OPTIONS, **options})
    if not key or any(inputs_of(path) != ("" if path.suffix == ".pdf" else key) for path in paths):
        return None
    report = load(item.workbook, profile)
    return _compiled(item.workbook, "kept", 0, paths, report.findings, report)


OPTIONS: Mapping[str, object] = {
    "strict": False, "toc": "field", "pdf": False, "with_tables": False, "marks": "bookmark"
}  # fmt: skip
"""The options of :func:`xl2report.pipeline.make` that its outputs depend on, with what they are by default."""


def _failed(item: Item, *findings: Finding) -> Outcome:
    return Outcome(item.number, Compiled(item.workbook, "failed", 2, findings=findings))


def _said(error: BaseException) -> str:
    """An exception in one line, with the line of code that raised it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" ({Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})" if trace else ""
    return f"{type(error).__name__}: {error}"[:300] + place


@contextlib.contextmanager
def _within(seconds: int) -> Iterator[None]:
    """What is done inside takes no longer: it is broken off, or a worker process that hangs in a library ends.

    Only the main thread of a process can be broken off; nothing holds in a thread of somebody's executor.
    """
    if not seconds or threading.current_thread() is not threading.main_thread():
        yield
        return
    alarm = hasattr(signal, "setitimer")
    try:
        if alarm:
            previous = signal.signal(signal.SIGALRM, _out_of_time)
            signal.setitimer(
                signal.ITIMER_REAL, seconds, 1
            )  # again each second: some code swallows what is raised in it
        if _WORKER.silence:
            faulthandler.dump_traceback_later(seconds + GRACE, exit=True, file=_WORKER.silence)
        yield
    finally:
        if alarm:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
        if _WORKER.silence:
            faulthandler.cancel_dump_traceback_later()


def _out_of_time(_number: int, _frame: FrameType | None) -> None:
    raise _OutOfTimeError


# -- worker processes of this machine -------------------------------------------------------------------


@dataclass
class _Worker:
    """What a worker process knows of itself; in every other process nothing."""

    stopping: bool = False
    writing: bool = False
    dying: bool = False
    memory: int = 0
    silence: int = 0


_WORKER = _Worker()
LIBRARIES = ("xlsxwriter", "lxml.etree", "jinja2", "xl2report.narrative", "xl2report.schedules", "xl2report.marks")
"""What every workbook needs; imported once, before the worker processes begin."""


def _begin(folder: str, environment: Mapping[str, str], memory: int, caller: Connection) -> None:
    """Make this process a worker: the folder and environment of its caller, its limits, warm libraries."""
    threading.Thread(target=_outlive_nobody, args=(caller,), daemon=True).start()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _die)
    _WORKER.silence = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows has none, macOS refuses some
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = memory << 20
        resource.setrlimit(resource.RLIMIT_AS, (limit if hard < 0 else min(limit, hard), hard))
        _WORKER.memory = memory
    for name in LIBRARIES:
        import_module(name)


def _outlive_nobody(caller: Connection) -> None:
    """End this process when its caller is gone, even if that was killed: nothing is ever sent, so the wait ends with it."""
    with contextlib.suppress(EOFError, OSError):
        caller.recv_bytes()
    _die()


def _die(_number: int = 0, _frame: FrameType | None = None) -> None:
    """End at once, but never between two files that belong together."""
    _WORKER.dying = True
    if not _WORKER.writing:
        os._exit(1)


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    """While files are put in place, a worker process is not ended."""
    _WORKER.writing = True
    try:
        yield
    finally:
        _WORKER.writing = False
        if _WORKER.dying:
            os._exit(1)


def _stop(_number: int, _frame: FrameType | None) -> None:
    """Ctrl-C reaches the workers too: what is worked on is finished, and nothing more begun."""
    _WORKER.stopping = True


def cores() -> int:
    """The cores that this process may use: by its affinity and, in a container, by its quota."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        count = min(count, max(1, round(int(quota) / int(period))))
    return count


def _pool(jobs: int, limits: Limits) -> Executor:
    """Worker processes; they begin from a process that has imported the libraries and has no threads."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

    method = START if START in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload([__name__, *LIBRARIES])
    listening, ours = context.Pipe(duplex=False)
    settings = (str(Path.cwd()), dict(os.environ), limits.memory, listening)
    try:
        pool = ProcessPoolExecutor(min(jobs, MOST_WORKERS), context, _begin, settings)
        pool.kept_open = ours  # type: ignore[attr-defined]  # as long as there is the pool
        return pool
    except (OSError, NotImplementedError):  # a system without shared memory or semaphores
        return ThreadPoolExecutor(1)


START = "forkserver"


def _end(pool: Executor) -> None:
    """End the worker processes now; one that is writing has its files in place first."""
    for process in list((getattr(pool, "_processes", None) or {}).values()):
        process.terminate()


# -- handing out ------------------------------------------------------------------------------------------


def run(
    order: Order,
    listed: Sequence[Workbook | Refused],
    *,
    executor: Executor | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    chunk: int | None = None,
    carry: Carry = "paths",
    limits: Limits | None = None,
) -> tuple[Compiled, ...]:
    """The result of everything listed, in order; :func:`compile_many` and the command line are made of it.

    One workbook is worked on here, in this process, unless an executor is given.
    """
    limits = limits or Limits()
    load_profile(order.options.get("profile") or DEFAULT_PROFILE)
    options = {name: value for name, value in order.options.items() if value is not None}
    order = replace(order, seconds=limits.seconds, options=options)
    if carry == "bytes" and "template" in options:
        with contextlib.suppress(OSError):  # where it cannot be read, every workbook says so
            order = replace(order, template=Path(options["template"]).read_bytes())
    items = [Item(n, one.path, one.folder) for n, one in enumerate(listed) if isinstance(one, Workbook)]
    refused = {n: _refused(one) for n, one in enumerate(listed) if isinstance(one, Refused)}
    workers = jobs or getattr(executor, "_max_workers", None) or cores()
    size = chunk or max(1, min(LARGEST_CHUNK, len(items) // (workers * PER_WORKER * 2)))
    at_once = min(workers, -(-len(items) // size))
    hand = _Hand(order, len(items), progress, carry, executor, lambda: _pool(at_once, limits))
    if executor is None and len(items) == 1:
        hand.take(work(order, items))
    elif items:
        with _first_interrupt(hand):
            hand.out(items, size, workers * PER_WORKER)
    return _without_twins([result for _, result in sorted({**refused, **hand.results}.items())])


def _without_twins(results: Iterable[Compiled]) -> tuple[Compiled, ...]:
    """The results, with a warning at each that is of the same department and year as an earlier one."""
    first: dict[tuple[str, str], Compiled] = {}
    told = []
    for result in results:
        unit = result.department, result.year
        twin = first.setdefault(unit, result) if all(unit) else result
        if twin is not result:
            place, other = str(result.workbook), str(twin.workbook)
            warning = finding("B909", place, department=result.department, year=result.year, other=other)
            result = replace(result, findings=(*result.findings, warning))  # noqa: PLW2901
        told.append(result)
    return tuple(told)


def _refused(one: Refused) -> Compiled:
    error = one.finding.severity == "error"
    status = 2 if one.finding.code in ("B901", "F012") else int(error)  # what is no workbook cannot be used at all
    return Compiled(Path(one.name), "failed" if error else "skipped", status, findings=(one.finding,))


@contextlib.contextmanager
def _first_interrupt(hand: _Hand) -> Iterator[None]:
    """Inside, the first Ctrl-C lets what is worked on be finished, the second does not; at the end it is an exception."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if hand.stopping:
            raise KeyboardInterrupt
        hand.stopping = True

    previous = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
    if hand.stopping:
        raise KeyboardInterrupt


class _Chunk(NamedTuple):
    """Items that are handed out together. ``deaths``: how often a worker has died while it may have worked on them."""

    items: tuple[Item, ...]
    deaths: int = 0


HOPELESS = 10
"""Items to blame in a row after which workers cannot work at all, and nothing is tried again."""
ALONE = 2
"""Deaths after which an item is worked on while nothing else is: if a worker dies then, it is this item's doing."""


@dataclass
class _Hand:
    """Hands chunks out and takes results; makes new worker processes where one has died."""

    order: Order
    total: int
    progress: Progress | None
    carry: Carry
    executor: Executor | None
    """Somebody's; ``None``: our own worker processes."""
    new_pool: Callable[[], Executor]
    results: dict[int, Compiled] = field(default_factory=dict)
    stopping: bool = False
    again: deque[_Chunk] = field(default_factory=deque)
    """What a worker has died with, one item in each."""
    blamed: int = 0
    """Items found to blame since a worker last brought a result."""
    sent: float = 0.0
    """When something was last handed out."""

    def out(self, items: Sequence[Item], size: int, most: int) -> None:
        """Hand all items out, ``size`` at once and ``most`` chunks at a time, and take every result."""
        from concurrent.futures import FIRST_COMPLETED, wait

        chunks = (_Chunk(tuple(items[at : at + size])) for at in range(0, len(items), size))
        pool = self.executor or self.new_pool()
        flying: dict[Future[list[Outcome]], _Chunk] = {}
        try:
            while True:
                lost = self._send(pool, chunks, flying, most)
                if not flying and not lost and not self.again:
                    return
                done = wait(flying, return_when=FIRST_COMPLETED).done if flying else set()
                if self.stopping:
                    for future in [future for future in flying if future.cancel()]:
                        del flying[future]
                for future in done & flying.keys():
                    lost |= self._landed(future, flying.pop(future))
                if lost and self.executor is None:
                    for future in wait(flying).done:  # all that was handed out is lost with the pool
                        self._landed(future, flying.pop(future))
                    pool.shutdown()
                    pool = self.new_pool()
        except KeyboardInterrupt:
            if self.executor is None:
                _end(pool)
            raise
        finally:
            if self.executor is None:
                pool.shutdown(cancel_futures=True)

    def _send(
        self, pool: Executor, chunks: Iterator[_Chunk], flying: dict[Future[list[Outcome]], _Chunk], most: int
    ) -> bool:
        """Hand out as many chunks as may be; whether the executor takes none any more."""
        from concurrent.futures import BrokenExecutor

        while (chunk := self._next(chunks, flying, most)) is not None:
            chunk = self._loaded(chunk)
            if not chunk.items:
                continue
            self.sent = perf_counter()
            try:
                flying[pool.submit(work, self.order, chunk.items)] = chunk
            except (BrokenExecutor, RuntimeError) as error:  # RuntimeError: somebody has shut his executor down
                self._dead(chunk, error)
                return True
        return False

    def _next(self, chunks: Iterator[_Chunk], flying: Mapping[Any, _Chunk], most: int) -> _Chunk | None:
        """The next chunk to hand out, or ``None`` where there is none or enough are out."""
        if self.stopping:
            self.again.clear()
            return None
        alone = any(chunk.deaths >= ALONE for chunk in (*self.again, *flying.values()))
        if len(flying) >= (1 if alone else most):
            return None
        return self.again.popleft() if self.again else next(chunks, None)

    def _loaded(self, chunk: _Chunk) -> _Chunk:
        """The chunk with the bytes of its workbooks, where they are sent; what needs no sending is done here."""
        if self.carry == "paths":
            return chunk
        loaded = []
        for item in chunk.items:
            if self.order.resume and (kept := already(self.order, item)) is not None:
                self.take([Outcome(item.number, kept)])
                continue
            try:
                loaded.append(item._replace(data=item.workbook.read_bytes()))
            except OSError:
                self.take(work(self.order, [item]))  # which says why it cannot be read
        return chunk._replace(items=tuple(loaded))

    def _landed(self, future: Future[list[Outcome]], chunk: _Chunk) -> bool:
        """Take what a chunk has brought; whether its worker has died."""
        from concurrent.futures import BrokenExecutor

        try:
            outcomes = future.result()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # of the pool, of the way there and back; work() itself raises nothing
            self._dead(chunk, error)
            return isinstance(error, BrokenExecutor)
        self.take(outcomes)
        self.blamed = 0 if outcomes else self.blamed
        missing = [item for item in chunk.items if item.number not in self.results]
        if missing and not self.stopping:
            self._dead(_Chunk(tuple(missing), chunk.deaths), InterruptedError("SIGINT"))
        return False

    def _dead(self, chunk: _Chunk, error: BaseException) -> None:
        """Put the items of a dead worker back, each by itself; one that was worked on all alone is to blame."""
        for item in chunk.items:
            if chunk.deaths < ALONE and self.blamed < HOPELESS:
                self.again.append(_Chunk((item._replace(data=None),), chunk.deaths + 1))
                continue
            self.blamed += 1
            if self.executor is None and perf_counter() - self.sent > self.order.seconds + GRACE:  # it ended itself
                self.take([_failed(item, finding("B905", str(item.workbook), seconds=str(self.order.seconds)))])
                continue
            reason = f"{type(error).__name__}: {error}".strip(": ")[:200]
            self.take([_failed(item, finding("B907", str(item.workbook), reason=reason))])

    def take(self, outcomes: Iterable[Outcome]) -> None:
        """Keep results, write the outputs that came with them, and tell of each."""
        for outcome in outcomes:
            result = outcome.result
            if outcome.number in self.results:
                continue
            if outcome.outputs:
                written = write_all(outcome.outputs)
                state: State = "written" if written.paths else "failed"
                findings = (*result.findings, *written.findings)
                status = int(has_errors(findings))
                result = replace(result, state=state, status=status, paths=written.paths, findings=findings)
            self.results[outcome.number] = result
            if self.progress:
                self.progress(result, len(self.results), self.total)
