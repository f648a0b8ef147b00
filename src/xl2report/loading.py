"""A folder of TOML and CSV -> :class:`~xl2report.profile.Profile`, with every mistake in it named.

A profile may extend another one and then states only what changed: tables are merged entry by entry, lists
are replaced, and ``entry = false`` withdraws an entry. No code of a profile is ever run.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, is_dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from string import Formatter
from typing import Any

from xl2report import caching
from xl2report.facts import COLUMN, TABLE, Query
from xl2report.figures import Unit
from xl2report.findings import SEVERITIES, Words, one_of
from xl2report.formulas import BoxName, FormulaError, Name, Number, parse, parse_claim
from xl2report.formulas import names as names_in
from xl2report.profile import (
    COMPANIONS,
    PHRASE_CASES,
    PHRASE_WORDS,
    SCOPES,
    Chart,
    Claim,
    Code,
    Column,
    Foot,
    Former,
    Info,
    Item,
    Line,
    List,
    Mark,
    Measure,
    Phrase,
    Profile,
    Rule,
    Sample,
    Schedule,
    SheetColumn,
    Side,
    Table,
    Text,
)

PROFILES = Path(__file__).parent / "profiles"
TABLE_KINDS = ("ledger", "items", "info", "records", "texts", "glossary", "checks")
EMPTY_WORDS = ("自称", "年度", "部门名称")
"""The words in braces that the sentence of an empty schedule may use."""
NEEDED_UNITS = ("元", "万元", "%")
YEARS = ("年度", "上一年度", "上上年度")
"""The years in braces that the words of a rule about texts may have."""


class ProfileError(ValueError):
    """A profile that cannot be used; ``problems`` lists everything that is wrong, each by the name of its entry."""

    def __init__(self, profile: str, problems: Sequence[str]) -> None:
        super().__init__(f"{profile}: " + "; ".join(problems))
        self.profile = profile
        self.problems = tuple(problems)


def shipped(folder: str, name: str) -> Path:
    """The path of a file that ships with the program (``docx_templates``, ``workbook_templates``)."""
    inside = Path(__file__).parent / folder / name
    return inside if inside.exists() else Path(__file__).parents[2] / folder / name


def available() -> tuple[str, ...]:
    """The names of the profiles that come with the program, sorted."""
    return tuple(sorted(p.parent.relative_to(PROFILES).as_posix() for p in PROFILES.glob("*/*/profile.toml")))


def folder_of(name: str | Path) -> Path:
    """The folder of a profile that comes with the program, or of the user's own.

    Raises:
        ProfileError: where there is no such profile.
    """
    for folder in (PROFILES / name, Path(name)):
        with suppress(OSError):  # a name that is too long
            if (folder / "profile.toml").is_file():
                return folder.resolve()
    raise ProfileError(
        str(name), [f"没有这个口径 (no such profile)；可用 (available): {one_of(available(), str(name))}"]
    )


def csv_rows(path: str | Path) -> list[dict[str, str]]:
    """The rows of a CSV file by heading; what stands beyond the last heading is left out."""
    import csv

    with Path(path).open(encoding="utf-8-sig", newline="") as stream:
        return [{k: v or "" for k, v in row.items() if isinstance(k, str)} for row in csv.DictReader(stream)]


def content_hash(name: str | Path | None) -> str:
    """The hash of everything that a profile is made of; without a name of all that ship, as the workbook chooses among them.

    Raises:
        ProfileError: where there is no such profile.
    """
    folders = [PROFILES]
    files = [*shipped("docx_templates", "").glob("*.docx")]
    if name is not None:
        folders += [layer.folder for layer in layers(folder_of(name)) if PROFILES not in layer.folder.parents]
        files.append(Path(load_profile(name).template))
    files += [path for folder in folders for ending in ("toml", "csv") for path in folder.rglob(f"*.{ending}")]
    stats = ((path, path.stat()) for path in sorted(set(files)) if path.is_file())
    return _hash_of(tuple((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats))


@lru_cache(maxsize=8)
def _hash_of(files: tuple[tuple[str, int, int], ...]) -> str:
    """The hash of the content of files, none of which has changed since it was asked for."""
    digest = hashlib.sha256()
    for name, _, _ in files:
        data = Path(name).read_bytes()
        digest.update(f"{Path(name).name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()


def load_profile(name: str | Path = "sichuan/2023") -> Profile:
    """The profile of a name (``sichuan/2023``) or of a folder that holds ``profile.toml``.

    Raises:
        ProfileError: with everything that is wrong with it.
    """
    folder = folder_of(name)
    return _load(folder, _stamp(folder))


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """When the files of a folder of one's own were changed last: it may be worked on while a process lives. Those that ship may not."""
    if PROFILES in folder.parents:
        return ()
    found = []
    for inside in (
        folder,
        folder / "codes",
        folder / "example",
    ):  # what else lies there may be much, and is none of its business
        with suppress(OSError):
            found += [
                (entry.path, entry.stat()) for entry in os.scandir(inside) if entry.name.endswith((".toml", ".csv"))
            ]
    return tuple(sorted((path, stat.st_mtime_ns, stat.st_size) for path, stat in found))


@lru_cache(maxsize=8)
def _load(folder: Path, _stamp: tuple[tuple[str, int, int], ...]) -> Profile:
    known = _from_before(folder)
    if known is not None:
        return known
    problems: list[str] = []
    chain = layers(folder)
    profile = _Loader(merged(chain), tuple(layer.folder for layer in chain), problems).profile(folder)
    if problems or profile is None:
        raise ProfileError(f"{folder.parent.name}/{folder.name}", problems)
    _keep(folder, chain, profile)
    return profile


# -- kept between runs ------------------------------------------------------------------------------

MODULES = ("loading", "profile", "facts", "figures", "formulas", "findings")
"""What a loaded profile depends on beside its files."""


def _key(folder: Path) -> str:
    """What the profile of a folder is kept under."""
    about = (str(PROFILES), str(folder), _content(folder), caching.versions((), MODULES) or "")
    return hashlib.sha256("\n".join(about).encode()).hexdigest()


def _content(folder: Path) -> str:
    """A digest of what a folder declares, with the names of the files beside it."""
    digest = hashlib.sha256()
    for inside in (folder, folder / "codes", folder / "example"):
        for path in sorted(inside.iterdir()) if inside.is_dir() else ():
            declares = path.suffix in (".toml", ".csv") and path.is_file() and inside.name != "example"
            data = path.read_bytes() if declares else b""
            digest.update(f"{path}\0{len(data)}\0".encode())
            digest.update(data)
    return digest.hexdigest()


def _from_before(folder: Path) -> Profile | None:
    """The profile of a folder as it was loaded before, where neither it nor what it extends has changed."""
    import pickle

    try:
        body = caching.kept("profile", _key(folder))
        if body is None:
            return None
        below, profile = pickle.loads(body)
        for extends, place, content in below:
            if _base(folder, extends) != place or _content(place) != content:
                return None
            folder = place
    except Exception:  # pickle raises anything on what it cannot read; a file may go while it is read
        return None
    return profile if isinstance(profile, Profile) else None


def _keep(folder: Path, chain: Sequence[Layer], profile: Profile) -> None:
    """Keep a profile for later runs, with what it extends."""
    import pickle

    class ByFields(pickle.Pickler):
        """Writes dataclasses as calls of their classes: that is read in half the time."""

        def reducer_override(self, value: Any) -> Any:
            if is_dataclass(value) and not isinstance(value, type):
                return type(value), tuple(getattr(value, one.name) for one in fields(value))
            return NotImplemented

    stream = io.BytesIO()
    try:
        pairs = pairwise(chain)
        below = [(above.extends, layer.folder, _content(layer.folder)) for above, layer in pairs]
        ByFields(stream, protocol=5).dump((below, profile))
        caching.keep("profile", _key(folder), stream.getvalue())
    except OSError:
        return


# -- folders and files ------------------------------------------------------------------------------


FILES = ("profile", "tables", "measures", "schedules", "rules", "phrases", "narrative", "charts")
"""The names of the TOML files that a profile may have."""


@dataclass(frozen=True)
class Layer:
    """What one folder of a profile declares, and the file in which each entry (``measure.收入总计``) stands."""

    folder: Path
    data: Mapping[str, Any]
    files: Mapping[str, str]
    extends: str = ""


def layers(folder: Path) -> tuple[Layer, ...]:
    """A folder and those that it extends, from near to far.

    Raises:
        ProfileError: where one of them cannot be read.
    """
    chain: list[Layer] = []
    while True:
        if any(layer.folder == folder for layer in chain):
            raise ProfileError(folder.name, [f"profile.toml: extends runs in a circle through {folder.name}"])
        chain.append(_layer(folder, _stamp(folder)))
        base = chain[-1].extends
        if not base:
            return tuple(chain)
        folder = _base(folder, base)


def _base(folder: Path, extends: str) -> Path:
    """The folder that a profile extends: beside it, or one that :func:`folder_of` knows."""
    candidate = folder / extends
    return candidate.resolve() if (candidate / "profile.toml").is_file() else folder_of(extends)


def merged(chain: Sequence[Layer]) -> dict[str, Any]:
    """The declarations of a chain of layers, the nearest on top."""
    data: dict[str, Any] = {}
    for layer in reversed(chain):
        data = _merged(data, layer.data)
    return data


@lru_cache(maxsize=16)
def _layer(folder: Path, _stamp: tuple[tuple[str, int, int], ...]) -> Layer:
    """The declarations of one folder; every file of it that cannot be read is a problem."""
    import tomllib

    own: dict[str, Any] = {}
    files: dict[str, str] = {}
    problems: list[str] = []
    for path in (folder / f"{name}.toml" for name in FILES):
        if not path.is_file():
            continue
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            problems.append(f"{path.name}: {error}")
            continue
        for key, value in data.items():
            both = [own[key], value] if key in own else []
            if any(not isinstance(v, dict) for v in both) or (both and set(own[key]) & set(value)):
                twice = "、".join(set(own[key]) & set(value)) if all(isinstance(v, dict) for v in both) else ""
                entry = f"{key}.{twice}" if twice else key
                problems.append(f"{path.name}: “{entry}” is declared in another file too")
                continue
            own[key] = {**own[key], **value} if both else value
            files.setdefault(key, path.name)
            files.update({f"{key}.{name}": path.name for name in (value if isinstance(value, dict) else ())})
    if problems:
        raise ProfileError(folder.name, problems)
    extends = own.pop("extends", "")
    return Layer(folder, own, files, str(extends))


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        if value is False and isinstance(below.get(key), dict):
            del result[key]
        elif isinstance(value, dict) and isinstance(below.get(key), dict):
            result[key] = _merged(below[key], value)
        else:
            result[key] = value
    return result


@dataclass
class _Entry:
    """One table of TOML, read key by key; whatever is left over or of the wrong type becomes a problem."""

    where: str
    data: dict[str, Any]
    problems: list[str]
    used: set[str] = field(default_factory=set)

    def say(self, problem: str) -> None:
        self.problems.append(f"[{self.where}] {problem}")

    def raw(self, key: str, default: Any = None) -> Any:
        self.used.add(key)
        return self.data.get(key, default)

    def _typed(self, key: str, kind: type, default: Any, what: str) -> Any:
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.say(f"“{key}” should be {what}, found {value!r}")
            return default
        return value

    def text(self, key: str, default: str = "", *, needed: bool = False, among: Sequence[str] | None = None) -> str:
        if needed and key not in self.data:
            self.say(f"“{key}” is missing")
        value: str = self._typed(key, str, default, "a text")
        if among is not None and value and value not in among:
            self.say(f"“{key}” is “{value}”; expected one of {one_of(among, value)}")
            return default
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        return bool(self._typed(key, bool, default, "true or false"))

    def integer(self, key: str, default: int = 0) -> int:
        return int(self._typed(key, int, default, "a whole number"))

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._typed(key, list, [], "a list of texts")
        if any(not isinstance(v, str) for v in value):
            self.say(f"“{key}” should be a list of texts, found {value!r}")
            return ()
        return tuple(str(v) for v in value)

    def files(self, key: str) -> tuple[str, ...]:
        """The name of a file, or of several in a list."""
        value = self.raw(key)
        return (value,) if isinstance(value, str) else self.texts(key)

    def table(self, key: str) -> dict[str, Any]:
        value = self._typed(key, dict, {}, "a table")
        return dict(value)

    def entries(self, key: str) -> Iterator[_Entry]:
        for number, value in enumerate(self._typed(key, list, [], "a list of tables"), 1):
            if isinstance(value, dict):
                yield _Entry(f"{self.where}.{key} {number}", value, self.problems)
            else:
                self.say(f"“{key}” {number} should be a table, found {value!r}")

    def items(self, key: str, kind: type, what: str) -> list[Any]:
        """A list whose members are all of a kind; those that are not become problems."""
        found = []
        for number, value in enumerate(self._typed(key, list, [], f"a list of {what}"), 1):
            if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
                found.append(value)
            else:
                self.say(f"“{key}” {number} should be one of a list of {what}, found {value!r}")
        return found

    def done(self) -> None:
        for key in self.data:
            if key not in self.used:
                self.say(f"unknown key “{key}”; known here: {one_of(sorted(self.used), key)}")


@dataclass(frozen=True, slots=True)
class _CodeRow:
    """One row of a file in ``codes/``, and where it stands."""

    where: str
    cells: Mapping[str, str]

    def __getitem__(self, heading: str) -> str:
        return self.cells.get(heading, "")

    @property
    def code(self) -> str:
        return self["code"]

    def is_code(self, entry: _Entry, lengths: tuple[int, ...]) -> bool:
        """Whether the row has a code and a name; where it has not, that is a problem."""
        good = len(self.code) in lengths and self.code.isdigit() and bool(self["name"])
        if not good:
            entry.say(f"{self.where}: expected a code of {lengths} digits and a name")
        return good


class _Loader:
    """Builds the parts of one profile and collects what is wrong with each."""

    def __init__(self, data: dict[str, Any], folders: tuple[Path, ...], problems: list[str]) -> None:
        self.data = data
        self.folders = folders
        self.problems = problems
        self.marks: dict[str, Mark] = {}
        self.tables: dict[str, Table] = {}
        self.measures: dict[str, Measure] = {}
        self.lists: dict[str, List] = {}
        self.units: dict[str, Unit] = {}
        self.prints_as: dict[str, str] = {}
        self.infos: dict[str, Info] = {}
        self.schedules: dict[str, Schedule] = {}

    # -- whole --------------------------------------------------------------------------------
    def profile(self, folder: Path) -> Profile | None:
        sections = {"profile", "unit", "mark", "table", "info", "measure", "list", "schedule", "chart"}
        sections |= {"rule", "phrase", "text", "glossary", "words", "fonts", "sample", "summary"}
        for key in self.data:
            if key not in sections:
                self.problems.append(f"[{key}] unknown section; known: {one_of(sorted(sections), key)}")
            elif not isinstance(self.data[key], dict):
                self.problems.append(f"[{key}] should be a table, found {self.data[key]!r}")
        head = self.head("profile")
        title = head.text("title", needed=True)
        year = head.integer("year")
        template = head.text("template", needed=True)
        instructions, skip = head.texts("instructions"), head.texts("skip")
        example_notes = head.texts("example_notes")
        head.done()
        sample = self.sample() if "sample" in self.data else None
        for unit in NEEDED_UNITS:
            if unit not in self.sections_data("unit"):
                self.problems.append(f"[unit.{unit}] is missing; the program prints in it")
                return None
        if not 1900 < year < 2200:
            head.say(f"“year” should be a year, found {year}")
        self.units = {e.where[5:]: self.unit(e) for e in self.section("unit")}
        self.marks = {e.where[5:]: self.mark(e) for e in self.section("mark")}
        self.infos = {e.where[5:]: self.info(e) for e in self.section("info")}
        self.tables = {e.where[6:]: self.table(e) for e in self.section("table")}
        self.lists = {e.where[5:]: self.list(e) for e in self.section("list")}
        self.measures = {e.where[8:]: self.measure(e) for e in self.section("measure")}
        info_tables = [t for t in self.tables.values() if t.kind == "info"]
        if [bool(t.columns and t.amounts) for t in info_tables] != [True]:
            self.problems.append(
                "[table] needs just one table of kind “info”, with a column of names and one of values"
            )
            return None
        for info in self.infos.values():
            if info.kind == "integer" and info.name not in self.measures:
                self.measures[info.name] = self.measure_of(info)
        self.check_measures()
        for table in self.tables.values():
            for name in table.carry:
                if name not in self.measures:
                    near = one_of(tuple(self.measures), name, 3)
                    self.problems.append(f"[table.{table.name}] “carry”: no measure “{name}”; nearest: {near}")
        charts = {e.where[6:]: self.chart(e) for e in self.section("chart")}
        self.schedules = {e.where[9:]: self.schedule(e) for e in self.section("schedule")}
        texts = {e.where[5:]: self.text(e) for e in self.section("text")}
        phrases = {e.where[7:]: self.phrase(e) for e in self.section("phrase")}
        rules = {e.where[5:]: self.rule(e) for e in self.section("rule")}
        self.check_after(rules)
        glossary = self.head("glossary")
        terms = [(e.text("term", needed=True), e.text("text", needed=True)) for e in glossary.entries("terms")]
        closing = [(e.text("term", needed=True), e.text("text", needed=True)) for e in glossary.entries("closing")]
        codes = glossary.text("codes", among=tuple(self.marks))
        glossary.done()
        words = self.head("words")
        lists = {key: words.texts(key) for key in ("zero", "total", "subtotal")}
        words.done()
        fonts = self.head("fonts")
        names = {"body": fonts.text("body", needed=True)}
        fonts.done()
        summary = self.head("summary")
        key_figures = summary.texts("measures")
        summary.done()
        for name in key_figures:
            if name not in self.measures:
                summary.say(f"“measures”: no measure “{name}”; nearest: {one_of(tuple(self.measures), name, 3)}")
        template = self.template(template) if template else ""
        if self.problems:
            return None
        return Profile(
            name=f"{folder.parent.name}/{folder.name}",
            title=title,
            year=year,
            units=self.units,
            marks=self.marks,
            tables=self.tables,
            infos=self.infos,
            texts=texts,
            measures=self.measures,
            lists=self.lists,
            charts=charts,
            schedules=self.schedules,
            rules=rules,
            phrases=phrases,
            glossary=tuple(terms),
            glossary_closing=tuple(closing),
            glossary_codes=codes,
            template=template,
            words=lists,
            example={t.name: self.find(f"example/{t.example}") for t in self.tables.values() if t.example},
            instructions=instructions,
            skip=skip,
            example_notes=example_notes,
            fonts=names,
            sample=sample,
            summary=key_figures,
        )

    def sample(self) -> Sample:
        """The worked example of the instructions."""
        entry = self.head("sample")
        rows = tuple(tuple(map(str, row)) for row in entry.items("rows", list, "rows of texts"))
        if not rows or len({len(row) for row in rows}) != 1:
            entry.say("“rows” should be a list of rows of the same length, the headings first")
        sample = Sample(entry.text("title", needed=True), rows, entry.texts("prints"))
        entry.done()
        return sample

    def template(self, name: str) -> str:
        """The path of the Word template: in the profile's own folder, or one that ships with the program."""
        for path in (*(folder / name for folder in self.folders), shipped("docx_templates", name)):
            if path.is_file():
                return str(path)
        self.problems.append(f"[profile] “template”: there is no {name}")
        return ""

    def head(self, name: str) -> _Entry:
        """A section that is one table."""
        return _Entry(name, self.sections_data(name), self.problems)

    def sections_data(self, name: str) -> dict[str, Any]:
        """The table of a section, an empty one where it is none (and that was reported)."""
        data = self.data.get(name, {})
        return dict(data) if isinstance(data, dict) else {}

    def section(self, name: str) -> Iterator[_Entry]:
        for key, value in self.sections_data(name).items():
            if isinstance(value, dict):
                entry = _Entry(f"{name}.{key}", dict(value), self.problems)
                yield entry
                entry.done()
            elif value is False:
                others = [k for k, other in self.sections_data(name).items() if isinstance(other, dict)]
                self.problems.append(f"[{name}.{key}] withdraws what is not there; there are {one_of(others, key)}")
            else:
                self.problems.append(f"[{name}.{key}] should be a table, found {value!r}")

    def find(self, path: str) -> str:
        """The full path of a file in the folder of the profile or of one that it extends."""
        inside = ".." not in Path(path).parts and not Path(path).is_absolute()
        for folder in self.folders if inside else ():
            with suppress(OSError, ValueError):  # a name that no file can have
                if (folder / path).is_file():
                    return str(folder / path)
        self.problems.append(f"{path[:80]}: the profile has no such file")
        return ""

    # -- words and input sheets ---------------------------------------------------------------
    def unit(self, entry: _Entry) -> Unit:
        scale = entry.raw("scale", Decimal(1))
        if not isinstance(scale, int | Decimal) or scale <= 0:
            entry.say(f"“scale” should be a positive number, found {scale!r}")
            scale = 1
        base = entry.text("base")
        if base:
            self.prints_as[base] = entry.where[5:]
        return Unit(
            entry.where[5:], Decimal(scale), entry.integer("places"), entry.text("suffix"), entry.flag("trim", True)
        )

    def mark(self, entry: _Entry) -> Mark:
        name = entry.where[5:]
        files, values = entry.files("codes"), entry.texts("values")
        levels, lengths = entry.texts("levels"), tuple(entry.items("lengths", int, "whole numbers"))
        free = entry.flag("free")
        if sum((bool(files), bool(values), free)) != 1:
            entry.say("needs just one of “values”, “codes” and “free = true”")
        if files and (not lengths or len(levels) != len(lengths) or list(lengths) != sorted(lengths)):
            entry.say("“codes” needs “lengths” in rising order and as many “levels”")
            return Mark(name)
        former = entry.files("former")
        if former and not files:
            entry.say("“former” goes with “codes”")
        rows: list[_CodeRow] = []
        for file in files:
            listed = [r for r in self.rows(entry, file, ("valid_from", "valid_to")) if r.is_code(entry, lengths)]
            mine = {r.code for r in listed}
            rows = [*(r for r in rows if r.code not in mine), *listed]
        codes = self.codes(entry, rows)
        ended = self.former(entry, former, rows, codes, lengths) if files else {}
        return Mark(name, values, lengths if files else (), levels, codes, ended)

    @property
    def year(self) -> str:
        """The profile's year, as code lists write it."""
        return str(self.sections_data("profile").get("year", ""))

    def rows(self, entry: _Entry, file: str, years: Sequence[str]) -> Iterator[_CodeRow]:
        """The rows of a file in ``codes/``; whatever is no year in a column of ``years`` is a problem."""
        from csv import Error

        path = self.find(f"codes/{file}")
        if not path:
            return
        try:
            listed = csv_rows(path)
        except (UnicodeDecodeError, Error) as error:
            entry.say(f"codes/{file}: {error}")
            return
        for number, cells in enumerate(listed, 2):
            row = _CodeRow(f"codes/{file} line {number}", cells)
            for key in years:
                if row[key] and not re.fullmatch("[0-9]{4}", row[key]):
                    entry.say(f"{row.where}: “{key}” should be a year, found {row[key]!r}")
                    cells[key] = ""
            yield row

    def codes(self, entry: _Entry, rows: Iterable[_CodeRow]) -> dict[str, Code]:
        """The codes that are valid in the profile's year."""
        found: dict[str, Code] = {}
        for row in rows:
            if (row["valid_from"] or "0000") > self.year or (row["valid_to"] or "9999") < self.year:
                continue
            if row.code in found:
                entry.say(f"{row.where}: {row.code} stands twice")
            found[row.code] = Code(row.code, row["name"], row["explanation"], row["narrative"])
        return found

    def former(
        self,
        entry: _Entry,
        files: Iterable[str],
        listed: Sequence[_CodeRow],
        codes: Mapping[str, Code],
        lengths: tuple[int, ...],
    ) -> dict[str, tuple[Former, ...]]:
        """Names and codes that ended before the profile's year: those of the code list, and those of these files."""
        found: dict[tuple[str, str], Former] = {}
        for row in listed:
            if row["valid_to"] and row["valid_to"] < self.year:
                now = codes[row.code].name if row.code in codes else ""
                found[row.code, row["name"]] = Former(row.code, row["name"], int(row["valid_to"]), now)
        known = {row.code for row in listed}
        for row in (row for file in files for row in self.rows(entry, file, ("until",))):
            if row["mark"] not in self.sections_data("mark"):
                entry.say(f"{row.where}: no mark “{row['mark']}”")
            if row["mark"] != entry.where[5:] or not row.is_code(entry, lengths):
                continue
            if row.code not in known:
                entry.say(f"{row.where}: {row.code} is not in the code list")
            if not row["until"]:
                entry.say(f"{row.where}: “until” is missing: the last year of the name")
            elif row["until"] < self.year:
                found[row.code, row["name"]] = Former(row.code, row["name"], int(row["until"]), row["now"])
        by_code: dict[str, tuple[Former, ...]] = {}
        for one in sorted(found.values(), key=lambda f: (f.code, -f.until, f.name)):
            by_code[one.code] = (*by_code.get(one.code, ()), one)
        return by_code

    def info(self, entry: _Entry) -> Info:
        kind = entry.text("kind", "text", among=("text", "integer", "date", "choice"))
        values = entry.texts("values")
        if (kind == "choice") != bool(values):
            entry.say("“values” goes with kind = “choice”")
        return Info(
            entry.where[5:],
            kind,  # type: ignore[arg-type]  # checked by `among`
            values,
            entry.flag("required"),
            entry.text("default"),
            entry.text("hint"),
            entry.flag("yearly"),
        )

    def table(self, entry: _Entry) -> Table:
        name = entry.where[6:]
        kind = entry.text("kind", needed=True, among=TABLE_KINDS)
        columns = tuple(self.column(e) for e in entry.entries("columns"))
        if not columns:
            entry.say("“columns” is missing")
        headings = [c.heading for c in columns]
        for heading in headings:
            if headings.count(heading) > 1:
                entry.say(f"the column “{heading}” is declared twice")
        total_items = entry.texts("total_items")
        items = []
        for item in entry.entries("items"):
            items.append(Item(item.text("name", needed=True), item.text("unit"), item.flag("optional")))
            item.done()
        for total in total_items:
            if total not in {i.name for i in items}:
                entry.say(f"“total_items”: no item “{total}”; nearest: {one_of([i.name for i in items], total, 3)}")
        if (kind == "items") != bool(items):
            entry.say("“items” goes with kind = “items”")
        unique, carry = entry.texts("unique"), entry.texts("carry")
        for key, used, known in [("unique", u, headings) for u in unique] + [
            (f"columns.{c.heading}.carry", c.carry, [a.heading for a in columns if a.kind == "amount"])
            for c in columns
            if c.carry
        ]:
            if used not in known:
                entry.say(f"“{key}”: no column “{used}”; there are {one_of(known, used)}")
        bearing = {c.mark for c in columns if c.kind == "mark"}
        for column in columns:
            for mark in column.needed:
                if mark not in bearing:
                    entry.say(f"“needed”: no column of the mark “{mark}”; there are {one_of(sorted(bearing), mark)}")
        item_measures = entry.flag("item_measures")
        if carry and not item_measures:
            entry.say("“carry” goes with item_measures = true")
        return Table(
            name,
            kind,  # type: ignore[arg-type]  # checked by `among`
            columns,
            tuple(items),
            item_measures,
            entry.flag("required"),
            entry.flag("complete"),
            entry.text("example"),
            entry.text("note"),
            total_items,
            unique,
            carry,
        )

    def column(self, entry: _Entry) -> Column:
        mark, name_of, amount = entry.text("mark"), entry.text("name_of"), entry.text("amount")
        values = entry.texts("values")
        kinds = {"mark": mark, "name": name_of, "amount": amount, "choice": values}
        given = [kind for kind, value in kinds.items() if value]
        if len(given) > 1:
            entry.say(f"is {' and '.join(given)} at once; choose one")
        for used in (mark, name_of):
            if used and used not in self.marks:
                entry.say(f"no mark “{used}”; there are {one_of(tuple(self.marks), used)}")
        if amount and amount not in self.units:
            entry.say(f"no unit “{amount}”; there are {one_of(tuple(self.units), amount)}")
        marks = entry.table("marks")
        for key, value in marks.items():
            self.check_value(entry, key, value)
        column = Column(
            entry.text("heading", needed=True),
            given[0] if given else "text",  # type: ignore[arg-type]  # one of the keys above
            mark or name_of,
            amount,
            values,
            marks,
            entry.flag("required"),
            entry.flag("optional"),
            entry.texts("aliases"),
            entry.text("hint"),
            entry.integer("width"),
            self.marks_wanted(entry, "needed"),
            entry.text("carry"),
        )
        entry.done()
        return column

    def check_value(self, entry: _Entry, mark: str, value: object) -> None:
        """Insist that a mark exists and may have this value."""
        if mark not in self.marks:
            entry.say(f"no mark “{mark}”; there are {one_of(tuple(self.marks), mark)}")
            return
        known = self.marks[mark]
        if not isinstance(value, str):
            entry.say(f"“{mark}” should be a text, found {value!r}")
        elif known.values and value not in known.values:
            entry.say(f"“{value}” is no value of the mark “{mark}”; expected one of {one_of(known.values, value)}")
        elif known.is_tree and value not in known.codes:
            entry.say(f"“{value}” is not in the code list of the mark “{mark}”")

    def query(self, entry: _Entry, key: str, data: object, *, table: str = "") -> Query | None:
        """The query that a table of marks writes, each mark and value checked against its input sheet."""
        if not isinstance(data, dict):
            entry.say(f"“{key}” should be a query {{ 表 = …, … }}, found {data!r}")
            return None
        wanted: dict[str, tuple[str, ...]] = {}
        for mark, value in data.items():
            listed = value if isinstance(value, list) else [value]
            if not listed or any(not isinstance(v, str) for v in listed):
                entry.say(f"“{key}.{mark}” should be a text or a list of texts, found {value!r}")
                return None
            wanted[mark] = tuple(listed)
        if table and TABLE not in wanted:
            wanted = {TABLE: (table,), **wanted}
        if len(wanted.get(TABLE, ())) != 1 or wanted[TABLE][0] not in self.tables:
            found = "、".join(wanted.get(TABLE, ())) or "nothing"
            entry.say(f"“{key}.表” should be one of {one_of(tuple(self.tables), found)}, found {found}")
            return None
        source = self.tables[wanted[TABLE][0]]
        amounts = [c.heading for c in source.amounts]
        bearing = {c.mark for c in source.columns if c.kind == "mark"}
        bearing |= {mark for c in source.amounts for mark in c.marks}
        for mark, values in wanted.items():
            for value in values:
                if mark == COLUMN and value not in amounts:
                    entry.say(
                        f"“{key}.列”: the sheet {source.name} has no amount “{value}”; it has {one_of(amounts, value)}"
                    )
                elif mark in (TABLE, COLUMN):
                    continue
                elif mark not in bearing:
                    entry.say(
                        f"“{key}”: the facts of {source.name} bear no mark “{mark}”; they bear {one_of(sorted(bearing), mark)}"
                    )
                elif source.kind == "items" and value not in {i.name for i in source.items}:
                    if not source.item_measures:
                        names = tuple(i.name for i in source.items)
                        entry.say(
                            f"“{key}.{mark}”: the sheet {source.name} has no item “{value}”; nearest: {one_of(names, value, 3)}"
                        )
                elif source.kind == "info":
                    if value not in self.infos:
                        entry.say(
                            f"“{key}.{mark}”: 基本信息 has no row “{value}”; nearest: {one_of(tuple(self.infos), value, 3)}"
                        )
                elif source.kind != "items":
                    self.check_value(entry, mark, value)
        return Query(wanted, frozenset(m for m, k in self.marks.items() if k.is_tree))

    # -- numbers ------------------------------------------------------------------------------
    def measure(self, entry: _Entry) -> Measure:
        name = entry.where[8:]
        if not name.isidentifier():
            entry.say("a measure's name must be an identifier (letters, digits, no brackets or quotes)")
        if name in self.lists:
            entry.say("there is a list of the same name")
        raw_query, raw_formula = entry.raw("query"), entry.text("formula")
        if (raw_query is None) == (not raw_formula):
            entry.say("needs either “query” or “formula”")
        query = self.query(entry, "query", raw_query) if raw_query is not None else None
        formula = None
        if raw_formula:
            try:
                formula = parse(raw_formula)
            except FormulaError as error:
                entry.say(f"“formula”: {error}")
        unit = entry.text("unit", among=tuple(self.units)) or self.unit_of(query)
        if not unit:
            entry.say(f"“unit” is missing; expected one of {one_of(tuple(self.units))}")
        return Measure(
            name,
            entry.text("label", name),
            unit,
            query,
            formula,
            raw_formula or str(query or ""),
            self.companion(entry, "prior"),
            self.companion(entry, "budget"),
            entry.text("whole"),
            entry.flag("count"),
        )

    def unit_of(self, query: Query | None) -> str:
        """The unit in which what a query sums is printed, where its columns have one in common."""
        if query is None:
            return ""
        table = self.tables[query.table]
        units = {c.unit for c in table.amounts if c.heading in query.wanted.get(COLUMN, (c.heading,))}
        return self.prints_as.get(unit := units.pop(), unit) if len(units) == 1 else ""

    def measure_of(self, info: Info) -> Measure:
        """The measure that a counted row of 基本信息 is by itself."""
        table = next(t for t in self.tables.values() if t.kind == "info")
        query = Query({TABLE: (table.name,), table.columns[0].mark: (info.name,)})
        return Measure(info.name, info.name, table.amounts[0].unit, query, how=str(query))

    def companion(self, entry: _Entry, key: str) -> Query | str | None:
        raw = entry.raw(key)
        return self.query(entry, key, raw) if isinstance(raw, dict) else (entry.text(key) or None)

    def list(self, entry: _Entry) -> List:
        measures, each = entry.texts("measures"), entry.text("each", among=tuple(self.marks))
        if bool(measures) == bool(each):
            entry.say("needs either “measures” or “each”")
        level = entry.text("level", among=self.marks[each].levels) if each else entry.text("level")
        raw_query, raw_budget = entry.raw("query"), entry.raw("budget")
        if each and raw_query is None:
            entry.say("“each” needs a “query”")
        always = entry.texts("always")
        query = self.query(entry, "query", raw_query) if raw_query is not None else None
        for name in always:
            if name not in measures:
                entry.say(f"“always”: “{name}” is not in “measures”")
        return List(
            entry.where[5:],
            entry.text("label", entry.where[5:]),
            measures,
            each,
            level,
            query,
            self.query(entry, "budget", raw_budget) if raw_budget is not None else None,
            entry.text("whole"),
            entry.text("zero", "omit", among=("omit", "keep")),  # type: ignore[arg-type]  # checked by `among`
            always,
            self.unit_of(query),
            entry.flag("reasons"),
        )

    def known(self, name: str) -> bool:
        """Whether a formula may use a name: a measure, or one of its companions."""
        base, _, companion = name.partition(".")
        return base in self.measures and (not companion or companion in COMPANIONS)

    def check_measures(self) -> None:
        """Names that do not exist, and measures that rest on themselves."""
        names = tuple(self.measures)
        for measure in self.measures.values():
            where = f"[measure.{measure.name}]"
            for used in names_in(measure.formula) if measure.formula else ():
                if isinstance(used, BoxName):
                    self.problems.append(f"{where} “formula” uses the box {used.text}; boxes are for rules only")
                elif not self.known(used.text):
                    self.problems.append(
                        f"{where} “formula”: no measure “{used.text}”; nearest: {one_of(names, used.text, 3)}"
                    )
            for key, value in (("prior", measure.prior), ("budget", measure.budget)):
                if isinstance(value, str) and not self.known(value):
                    self.problems.append(f"{where} “{key}”: no measure “{value}”; nearest: {one_of(names, value, 3)}")
            if measure.whole and measure.whole not in self.measures and measure.whole not in self.lists:
                near = one_of((*names, *self.lists), measure.whole, 3)
                self.problems.append(f"{where} “whole”: no measure or list “{measure.whole}”; nearest: {near}")
            elif measure.whole in self.lists and measure.name not in self.lists[measure.whole].measures:
                self.problems.append(f"{where} “whole”: the list “{measure.whole}” does not hold this measure")
        for listed in self.lists.values():
            for name in listed.measures:
                if name not in self.measures:
                    self.problems.append(f"[list.{listed.name}] no measure “{name}”; nearest: {one_of(names, name, 3)}")
            if listed.whole and listed.whole not in self.measures:
                self.problems.append(
                    f"[list.{listed.name}] “whole”: no measure “{listed.whole}”; nearest: {one_of(names, listed.whole, 3)}"
                )
        state: dict[str, int] = {}
        for name in names:
            self.walk(name, (), state)

    def uses(self, name: str) -> Iterator[str]:
        """The measures that a measure rests on directly."""
        measure = self.measures[name]
        for used in names_in(measure.formula) if measure.formula else ():
            base, _, companion = used.text.partition(".")
            if base in self.measures:
                source = self.measures[base]
                priors = {"上年": source.prior, "增减": source.prior, "增长率": source.prior}
                budgets = {"预算": source.budget, "差额": source.budget, "完成率": source.budget}
                target = {**priors, **budgets, "占比": source.whole}.get(companion)
                if companion not in ("上年", "预算"):
                    yield base
                if isinstance(target, str) and target.partition(".")[0] in self.measures:
                    yield target.partition(".")[0]

    def walk(self, name: str, path: tuple[str, ...], state: dict[str, int]) -> None:
        if state.get(name) == 2:
            return
        if name in path:
            circle = " → ".join((*path[path.index(name) :], name))
            self.problems.append(f"[measure.{name}] rests on itself: {circle}")
            state[name] = 2
            return
        for used in self.uses(name):
            self.walk(used, (*path, name), state)
        state[name] = 2

    def chart(self, entry: _Entry) -> Chart:
        kind = entry.text("kind", needed=True, among=("pie", "column"))
        key, known = ("list", tuple(self.lists)) if kind == "pie" else ("measure", tuple(self.measures))
        source = entry.text(key, needed=True, among=known)
        if kind == "pie" and source and not self.lists[source].whole:
            entry.say(f"the list “{source}” has no “whole”, so no shares")
        return Chart(
            entry.where[6:],
            entry.text("caption", needed=True),
            kind,  # type: ignore[arg-type]  # checked by `among`
            **{key: source},
        )

    # -- schedules ----------------------------------------------------------------------------
    def schedule(self, entry: _Entry) -> Schedule:
        variants = {}
        for name, variant in entry.table("variants").items():
            if isinstance(variant, dict):
                variants[name] = variant
            else:
                entry.say(f"variant “{name}” should be a table, found {variant!r}")
        chosen = entry.text("variant")
        if variants or chosen:
            if chosen not in variants:
                entry.say(f"“variant” is “{chosen}”; expected one of {one_of(tuple(variants), chosen)}")
                chosen = next(iter(variants), "")
            for name, variant in variants.items():
                if name == chosen:
                    continue
                other = _Entry(f"{entry.where}.variants.{name}", {**entry.data, **variant}, self.problems)
                other.used = {"variants", "variant"}
                self.one_schedule(other)
                other.done()
            entry.data.update(variants.get(chosen, {}))
        return self.one_schedule(entry)

    def one_schedule(self, entry: _Entry) -> Schedule:
        key = entry.where.split(".")[1]
        layout = entry.text("layout", needed=True, among=("lines", "tree", "blocks", "row"))
        where = self.marks_wanted(entry, "where")
        rows = entry.text("rows", among=tuple(m for m, k in self.marks.items() if k.is_tree))
        if layout in ("tree", "blocks") and not rows:
            entry.say("“rows” is missing: the code tree of the rows")
        under = entry.text("under", among=tuple(self.marks))
        covers = tuple(
            q
            for q in (self.query(entry, "covers", data) for data in entry.items("covers", dict, "queries"))
            if q is not None
        )
        expand = entry.text("expand", among=("used", "all"))
        expand_mark = entry.text("expand_mark", among=tuple(self.marks))
        if bool(expand) != bool(expand_mark):
            entry.say("“expand” and “expand_mark” go together")
        columns = self.columns(entry, where)
        if not columns and layout != "lines":
            entry.say("“columns” is missing")
        sides = tuple(self.side(e) for e in entry.entries("sides"))
        if (layout == "lines") != bool(sides):
            entry.say("“sides” goes with layout = “lines”")
        blocks = tuple(
            tuple(code for code in block if isinstance(code, str))
            for block in entry.items("blocks", list, "lists of codes")
        )
        for code in (code for block in blocks for code in block):
            if rows and code not in self.marks[rows].codes:
                entry.say(f"“blocks”: {code} is not in the code list of {rows}")
        self.fields(entry, "“empty”", str(entry.raw("empty", "")), EMPTY_WORDS)
        feet = []
        for foot in entry.entries("feet"):
            feet.append(Foot(foot.text("label", needed=True), foot.integer("block"), foot.texts("codes")))
            if not 0 <= feet[-1].block < len(blocks):
                foot.say(f"“block” should be from 0 to {len(blocks) - 1}, found {feet[-1].block}")
            foot.done()
        return Schedule(
            key,
            entry.text("title", needed=True),
            layout,  # type: ignore[arg-type]  # checked by `among`
            entry.text("note", needed=True),
            entry.text("empty"),
            where,
            covers,
            rows,
            under,
            columns,
            expand,  # type: ignore[arg-type]  # checked by `among`
            expand_mark,
            sides,
            blocks,
            tuple(feet),
        )

    def marks_wanted(self, entry: _Entry, key: str) -> dict[str, tuple[str, ...]]:
        raw = entry.table(key)
        wanted: dict[str, tuple[str, ...]] = {}
        for mark, value in raw.items():
            values = value if isinstance(value, list) else [value]
            if any(not isinstance(one, str) for one in values):
                entry.say(f"“{key}.{mark}” should be a text or a list of texts, found {value!r}")
                continue
            for one in values:
                if mark == TABLE:
                    if one not in self.tables:
                        entry.say(
                            f"“{key}.表”: no input sheet “{one}”; there are {one_of(tuple(self.tables), str(one))}"
                        )
                elif mark != COLUMN:
                    self.check_value(entry, mark, one)
            wanted[mark] = tuple(str(v) for v in values)
        return wanted

    def columns(self, entry: _Entry, where: Mapping[str, tuple[str, ...]]) -> tuple[SheetColumn, ...]:
        found: list[SheetColumn] = []
        for column in entry.entries("columns"):
            key = column.text("key", needed=True)
            own = self.marks_wanted(column, "where")
            measure = column.text("measure", among=tuple(self.measures))
            found.append(SheetColumn(key, column.texts("heads") or (key,), own, column.texts("sums"), measure))
            wanted = {**where, **own}
            if TABLE in wanted:
                self.query(column, "where", {k: list(v) for k, v in wanted.items()})
            column.done()
        keys = [c.key for c in found]
        for sheet_column in found:
            for part in sheet_column.sums:
                if part not in keys:
                    entry.say(
                        f"column “{sheet_column.key}” sums “{part}”, which is no column; there are {one_of(keys, part)}"
                    )
            if keys.count(sheet_column.key) > 1:
                entry.say(f"the column “{sheet_column.key}” is declared twice")
        return tuple(found)

    def side(self, entry: _Entry) -> Side:
        where = self.marks_wanted(entry, "where")
        columns = self.columns(entry, {})
        lines: list[Line] = []
        for line in entry.entries("lines"):
            number, label = line.integer("no"), line.text("label")
            raw_sums, raw_where = line.text("sums"), line.raw("where")
            sums = self.line_numbers(line, raw_sums) if raw_sums else ()
            own = self.marks_wanted(line, "where") if raw_where is not None else None
            if own is not None:
                own = own if TABLE in own else {**where, **own}
                if TABLE not in own:
                    line.say("“where” names no input sheet (表), nor does the side")
                else:
                    self.query(line, "where", {k: list(v) for k, v in own.items()})
            until = line.integer("to", number)
            for blank in range(number, until + 1):
                lines.append(Line(blank, label, own, sums))
            line.done()
        numbers = [line.number for line in lines]
        for line_ in lines:
            if numbers.count(line_.number) > 1:
                entry.say(f"line {line_.number} is declared twice")
            for part in line_.sums:
                if part not in numbers:
                    entry.say(f"line {line_.number} sums line {part}, which does not exist")
        side = Side(entry.text("head", needed=True), columns, tuple(lines), where)
        entry.done()
        return side

    def line_numbers(self, entry: _Entry, text: str) -> tuple[int, ...]:
        """``1-3,7`` -> (1, 2, 3, 7)."""
        numbers: list[int] = []
        for part in text.split(","):
            first, _, last = part.strip().partition("-")
            if not first.isdigit() or (last and not last.isdigit()):
                entry.say(f"“sums” should be like 1-8,27, found “{text}”")
                return ()
            numbers.extend(range(int(first), int(last or first) + 1))
        return tuple(numbers)

    # -- texts, phrases, rules ----------------------------------------------------------------
    def text(self, entry: _Entry) -> Text:
        name = entry.where[5:]
        explains, when = entry.text("explains"), entry.text("when")
        for key, value in (("explains", explains), ("when", when)):
            if value and not self.known(value):
                entry.say(f"“{key}”: no measure “{value}”; nearest: {one_of(tuple(self.measures), value, 3)}")
        return Text(
            name,
            entry.text("position", name),
            entry.flag("required"),
            explains,
            when,
            entry.text("hint"),
        )

    def phrase(self, entry: _Entry) -> Phrase:
        of = entry.text("of", needed=True, among=tuple(PHRASE_CASES))
        cases = {key: str(value) for key, value in entry.table("cases").items()}
        if of:
            for case in PHRASE_CASES[of]:
                if case not in cases:
                    entry.say(f"no words for the case “{case}” ({PHRASE_CASES[of][case]})")
            for case, words in cases.items():
                if case not in PHRASE_CASES[of]:
                    entry.say(f"unknown case “{case}”; expected {one_of(tuple(PHRASE_CASES[of]), case)}")
                self.fields(entry, f"case “{case}”", words, PHRASE_WORDS[of])
        return Phrase(entry.where[7:], of, cases)

    def words(self, entry: _Entry, key: str, binding: Mapping[str, str]) -> Words:
        raw = entry.table(key)
        for text in raw.values():
            self.fields(entry, key, str(text), binding)
        for lang in ("zh", "en"):
            if not isinstance(raw.get(lang), str):
                entry.say(f"“{key}.{lang}” is missing")
        return Words(str(raw.get("zh", "")), str(raw.get("en", "")))

    def fields(self, entry: _Entry, where: str, text: str, known: Iterable[str]) -> None:
        """Insist that a text has only known words in braces."""
        try:
            used = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
        except ValueError as error:
            entry.say(f"{where}: {error}")
            return
        for word in sorted(used - set(known)):
            entry.say(f"{where}: no word “{word}”; there are {one_of(sorted(known), word)}")

    def rule(self, entry: _Entry) -> Rule:
        code = entry.where[5:]
        scopes = [key for key in SCOPES if key in entry.data]
        if len(scopes) > 1:
            entry.say(f"is about {' and '.join(scopes)} at once; choose one")
        scope = scopes[0] if scopes else ""
        of = tuple(entry.items(scope, str, "texts")) if scope else ()
        given = self.given_names(entry, scope, of)
        bindings = entry.items("each", dict, "tables") if "each" in entry.data else []
        bindings = [{str(k): str(v) for k, v in binding.items()} for binding in bindings] or [{}]
        entry.used.add("each")
        text = entry.text("claim", needed=scope != "texts")
        when = entry.text("when")
        claims = tuple(c for b in bindings if (c := self.claim(entry, text, when, b, given)))
        where = {name: (v,) if isinstance(v, str) else v for name, v in entry.table("where").items()}
        self.check_where(entry, where)
        holds, breaks = (tuple(entry.items(key, dict, "examples")) for key in ("holds", "breaks"))
        if not holds or not breaks:
            entry.say("needs examples: “holds” and “breaks”")
        known = {**bindings[0], **dict.fromkeys(SCOPES[scope].words if scope else (), "")}
        return Rule(
            code,
            entry.text("severity", "error", among=SEVERITIES),  # type: ignore[arg-type]  # checked by `among`
            claims,
            self.words(entry, "message", known),
            self.words(entry, "action", known),
            self.words(entry, "why", {}),
            entry.text("source", needed=True),
            scope,
            of,
            entry.texts("unless"),
            {name: tuple(map(str, values)) for name, values in where.items() if isinstance(values, tuple | list)},
            entry.texts("after"),
            holds,
            breaks,
        )

    def given_names(self, entry: _Entry, scope: str, of: tuple[str, ...]) -> tuple[str, ...]:
        """The names that the subjects of a scope give to a claim; everything in ``of`` must exist."""
        if not scope:
            return ()
        named = {c.heading for t in self.tables.values() for c in t.columns if c.kind != "amount"}
        known: dict[str, Iterable[str]] = {
            "boxes": self.schedules,
            "rows": self.schedules,
            "amounts": self.tables,
            "inputs": self.tables,
            "repeats": self.tables,
            "lists": self.lists,
            "items": self.lists,
            "names": named & set(self.marks),
            "mentions": ("万元", "亿元", "元", ""),
        }
        names = list(SCOPES[scope].names)
        for one in of:
            if scope in known and one not in known[scope]:
                entry.say(f"“{scope}”: there is no “{one}”; there are {one_of(sorted(known[scope]), one)}")
            elif scope == "inputs":
                names += [c.heading for c in self.tables[one].amounts]
            elif scope == "names":
                tables = [t for t in self.tables.values() if any(one in (c.heading, c.mark) for c in t.columns)]
                names += [f"在{t.name}" for t in tables]
                names += [f"{t.name}_{c.heading}" for t in tables for c in t.amounts]
            elif scope in ("texts", "reasons"):
                self.fields(entry, scope, one, YEARS)
        return tuple(names)

    def check_where(self, entry: _Entry, where: Mapping[str, object]) -> None:
        """Insist that the rows of 基本信息 exist and may have these values."""
        for name, values in where.items():
            info = self.infos.get(name)
            if info is None:
                entry.say(f"“where”: 基本信息 has no row “{name}”; nearest: {one_of(tuple(self.infos), name, 3)}")
            elif not isinstance(values, tuple | list):
                entry.say(f"“where.{name}” should be a text or a list of texts, found {values!r}")
            else:
                for value in values:
                    if info.values and value not in info.values:
                        entry.say(f"“where.{name}” is “{value}”; expected one of {one_of(info.values, str(value))}")

    def check_after(self, rules: Mapping[str, Rule]) -> None:
        """Insist that the rules exist that others come after."""
        for rule in rules.values():
            for code in rule.after:
                if code not in rules:
                    self.problems.append(f"[rule.{rule.code}] “after”: there is no rule “{code}”")

    def claim(
        self, entry: _Entry, text: str, when: str, binding: Mapping[str, str], given: Sequence[str]
    ) -> Claim | None:
        """The claim of a rule with the words of a binding put in; one without a text never holds."""
        condition = self.comparison(entry, "when", when, binding, given) if when else None
        if not text:
            return Claim("=", Number(Decimal(0)), Number(Decimal(1)), "", dict(binding), condition)
        claim = self.comparison(entry, "claim", text, binding, given)
        return replace(claim, when=condition) if claim else None

    def comparison(
        self, entry: _Entry, key: str, text: str, binding: Mapping[str, str], given: Sequence[str]
    ) -> Claim | None:
        for name, value in binding.items():
            text = text.replace(f"{{{name}}}", value)
        try:
            sign, left, right = parse_claim(text)
        except FormulaError as error:
            entry.say(f"“{key}”: {error}")
            return None
        for used in (*names_in(left), *names_in(right)):
            if isinstance(used, Name):
                if not self.known(used.text) and used.text not in given:
                    near = one_of((*given, *self.measures), used.text, 3)
                    entry.say(f"“{key}”: no measure “{used.text}”; nearest: {near}")
            else:
                self.check_box(entry, key, used)
        return Claim(sign, left, right, text, dict(binding))

    def check_box(self, entry: _Entry, key: str, box: BoxName) -> None:
        """Insist that a schedule has the line or row, and the column, that a claim names."""
        schedule = self.schedules.get(box.schedule)
        if schedule is None:
            entry.say(f"“{key}”: no schedule “{box.schedule}” in {box.text}")
            return
        if schedule.layout == "lines":
            side = next((s for s in schedule.sides if str_in(box.row, s)), None)
            if side is None:
                entry.say(f"“{key}”: schedule {box.schedule} has no line “{box.row}” in {box.text}")
                return
            keys = [c.key for c in side.columns]
        else:
            keys = [c.key for c in schedule.columns]
        if (box.column or len(keys) > 1) and box.column not in keys and not schedule.expand:
            entry.say(f"“{key}”: no column “{box.column}” in {box.text}; there are {one_of(keys, box.column)}")


def str_in(number: str, side: Side) -> bool:
    """Whether a side has the line of a number written as text."""
    return any(str(line.number) == number for line in side.lines)
