"""A profile as files: all that is wrong or looks wrong in its folder, and folders to start one of your own from."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xl2report.checks import example_holds
from xl2report.findings import Finding, Words, finding, nearest, one_of
from xl2report.formulas import Name
from xl2report.formulas import names as names_in
from xl2report.linting import lint, uses
from xl2report.loading import (
    FILES,
    PROFILES,
    Layer,
    ProfileError,
    available,
    csv_rows,
    folder_of,
    layers,
    load_profile,
    merged,
)
from xl2report.profile import Claim, Profile, Rule

START = PROFILES / "overlay.toml"
"""The overlay that ``profile export --extends`` writes, as one of :data:`START_OF`."""
START_OF = ("sichuan/2024", "2024")


def lint_folder(folder: Path) -> tuple[Finding, ...]:
    """Everything wrong with a folder's profile (F008), what looks wrong (P701, P702), and the mistakes of its template."""
    try:
        chain = layers(folder)
    except ProfileError as error:
        return tuple(finding("F008", error.profile, reason=problem) for problem in error.problems)
    files = (*_overlaid(chain), *_unread(chain))
    try:
        profile = load_profile(folder)
    except ProfileError as error:
        return (*(_wrong(problem, chain) for problem in error.problems), *files)
    template = Path(profile.template)
    data = template.read_bytes()
    return (
        *files,
        *_unused(profile, uses(data, profile), chain),
        *_twice(profile.rules.values(), chain),
        *_rule_examples(profile.rules.values(), chain),
        *_orphans(profile, chain),
        *_examples(profile, chain),
        *(mistake.finding for mistake in lint(data, profile, template.name)),
    )


def export_files(name: str, target: Path) -> dict[Path, bytes]:
    """A copy of the own folder of a profile that ships: path in the target folder -> content.

    Raises:
        ProfileError: where no such profile ships.
    """
    folder = _shipped(name)
    return {target / p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def overlay_files(name: str, target: Path) -> dict[Path, bytes]:
    """A folder that extends a profile that ships, with the changes one may make as comments.

    Raises:
        ProfileError: where no such profile ships.
    """
    base, year = START_OF
    text = START.read_text(encoding="utf-8").replace(base, name)
    return {target / "profile.toml": text.replace(year, str(load_profile(_shipped(name)).year)).encode()}


def _shipped(name: str) -> Path:
    """The folder of a profile that ships; one of the user's own stays where it is."""
    if name not in available():
        reason = f"没有这个口径 (no such profile)；可用 (available): {one_of(available(), name)}"
        raise ProfileError(name, [reason])
    return folder_of(name)


# -- where an entry stands ------------------------------------------------------------------------


def _called(layer: Layer) -> str:
    """What a folder is called, as in ``sichuan/2023``."""
    return f"{layer.folder.parent.name}/{layer.folder.name}"


def _place(entry: str, chain: Sequence[Layer]) -> str:
    """The nearest file that declares an entry (``rule.R005``, ``schedule.01.sides 1``), and the entry."""
    section = entry.partition(".")[0]
    for key in (".".join(entry.split(".")[:2]), section):
        for at, layer in enumerate(chain):
            if key in layer.files:
                return f"{_called(layer) + '/' if at else ''}{layer.files[key]} [{entry}]"
    return f"{_called(chain[0])} [{entry}]"


def _wrong(problem: str, chain: Sequence[Layer]) -> Finding:
    """A problem of the loader at the file and entry that it names."""
    named = re.match(r"\[([^\]]+)\] (.*)", problem, re.DOTALL)
    if named is None:
        return finding("F008", _called(chain[0]), reason=problem)
    return finding("F008", _place(named[1], chain), reason=named[2])


def _suspicious(place: str, zh: str, en: str, *, found: str = "", expected: str = "") -> Finding:
    return finding("P701", place, reason_zh=zh, reason_en=en, found=found, expected=expected)


# -- what the files say ---------------------------------------------------------------------------


def _overlaid(chain: Sequence[Layer]) -> Iterator[Finding]:
    """What a folder states though the one that it extends says the same."""
    if len(chain) == 1:
        return
    own, base = chain[0], _called(chain[1])
    below = merged(chain[1:])
    same = Words(f"与 {base} 相同，没有改变什么", f"says the same as {base} and changes nothing")
    for section, entries in own.data.items():
        under = below.get(section)
        if not isinstance(entries, dict) or not isinstance(under, dict):
            continue
        for entry, value in entries.items():
            paths = list(_equal(value, under[entry])) if entry in under else []
            if paths:
                found = "、".join(".".join(path) for path in paths)
                yield _suspicious(_place(f"{section}.{entry}", chain), same.zh, same.en, found=found)
    for path in _data_files(own.folder):
        name = path.relative_to(own.folder)
        lower = next((p for layer in chain[1:] if (p := layer.folder / name).is_file()), None)
        if lower and lower.read_bytes() == path.read_bytes():
            yield _suspicious(name.as_posix(), same.zh, same.en)


def _equal(value: Any, under: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The keys of a declaration that are as those below it."""
    if isinstance(value, dict) and isinstance(under, dict):
        if not value:
            yield path
        for key in value.keys() & under.keys():
            yield from _equal(value[key], under[key], (*path, key))
    elif value == under:
        yield path


def _data_files(folder: Path) -> list[Path]:
    """The code lists and example rows of a folder."""
    found = (p for name in ("codes", "example") for p in (folder / name).rglob("*"))
    return sorted(p for p in found if p.is_file() and not p.name.startswith("."))


def _unread(chain: Sequence[Layer]) -> Iterator[Finding]:
    """Files of a folder that look like those of a profile and are not."""
    folder, data = chain[0].folder, merged(chain)

    def named(section: str, *keys: str) -> list[str]:
        declared = data.get(section)
        entries = [e for e in (declared.values() if isinstance(declared, dict) else ()) if isinstance(e, dict)]
        given = [entry[key] for entry in entries for key in keys if key in entry]
        return [str(file) for files in given for file in (files if isinstance(files, list) else [files])]

    known = [f"{name}.toml" for name in FILES]
    known += [f"codes/{name}" for name in named("mark", "codes", "former")]
    known += [f"example/{name}" for name in named("table", "example")]
    lying = (p for suffix in ("toml", "csv") for p in folder.glob(f"*.{suffix}") if not p.name.startswith("."))
    for path in (*sorted(lying), *_data_files(folder)):
        name = path.relative_to(folder).as_posix()
        if name not in known:
            yield _suspicious(name, "程序不读取这个文件", "nothing reads this file", expected=nearest(name, known))


# -- what the declarations say --------------------------------------------------------------------


def _unused(profile: Profile, template: Mapping[str, int], chain: Sequence[Layer]) -> Iterator[Finding]:
    """Texts, charts and phrases that the template does not print; numbers and lists of this folder that nothing uses."""
    printed = "模板没有用到它", "the template does not use it"
    for text in profile.texts.values():
        group, colon, rest = text.name.partition("：")
        if (f"{group}.{rest}" if colon else f"文字.{text.name}") not in template:
            yield _suspicious(_place(f"text.{text.name}", chain), *printed)
    for section, names, sign in (("chart", profile.charts, "chart "), ("phrase", profile.phrases, ".")):
        for name in names:
            if f"{sign}{name}" not in template:
                yield _suspicious(_place(f"{section}.{name}", chain), *printed)
    asked = _asked(profile, template)
    for section in ("measure", "list"):
        for name in (*profile.measures, *profile.lists):
            if f"{section}.{name}" in chain[0].files and name not in asked:
                yield finding("P702", _place(f"{section}.{name}", chain))


def _asked(profile: Profile, template: Mapping[str, int]) -> set[str]:
    """The measures and lists that something printed or checked rests on."""
    waiting = list(template)
    for schedule in profile.schedules.values():
        columns = (*schedule.columns, *(column for side in schedule.sides for column in side.columns))
        waiting += [column.measure for column in columns]
    for chart in profile.charts.values():
        waiting += [chart.list, chart.measure]
    for text in profile.texts.values():
        waiting += [text.explains, text.when]
    for rule in profile.rules.values():
        waiting += rule.of if rule.scope in ("lists", "items") else ()
        for claim in (one for made in rule.claims for one in (made, made.when) if one):
            waiting += [n.text for side in (claim.left, claim.right) for n in names_in(side) if isinstance(n, Name)]
    asked: set[str] = set()
    while waiting:
        name = waiting.pop().partition(".")[0]
        if name in asked:
            continue
        asked.add(name)
        if name in profile.measures:
            measure = profile.measures[name]
            waiting += [n.text for n in names_in(measure.formula)] if measure.formula else []
            waiting += [other for other in (measure.prior, measure.budget, measure.whole) if isinstance(other, str)]
        if name in profile.lists:
            waiting += [*profile.lists[name].measures, profile.lists[name].whole]
    return asked


def _rule_examples(rules: Iterable[Rule], chain: Sequence[Layer]) -> Iterator[Finding]:
    """Examples of rules that do not do what they stand for."""
    for rule in rules:
        for examples, right in ((rule.holds, True), (rule.breaks, False)):
            for example in examples:
                said = "，".join(f"{name} = {value}" for name, value in example.items())
                try:
                    if example_holds(rule, example) == right:
                        continue
                    zh, en = (
                        ("例子应当成立，却不成立", "does not hold") if right else ("例子应当不成立，却成立", "holds")
                    )
                    en = f"an example that should {'hold' if right else 'break'} {en}"
                except (KeyError, ArithmeticError) as error:
                    zh, en = f"例子缺少 {error}", f"an example lacks {error}"
                yield _suspicious(_place(f"rule.{rule.code}", chain), zh, en, found=said)


def _twice(rules: Iterable[Rule], chain: Sequence[Layer]) -> Iterator[Finding]:
    """Rules that claim what another one claims of the same things."""
    seen: list[tuple[str, Rule]] = []
    for rule in rules:
        bare = _bare(rule)
        other = next((code for code, before in seen if before == bare), "")
        if other:
            zh, en = f"与规则 {other} 的判断相同", f"claims what the rule {other} claims"
            yield _suspicious(_place(f"rule.{rule.code}", chain), zh, en, found=rule.claims[0].text)
        seen.append((rule.code, bare))


def _bare(rule: Rule) -> Rule:
    """A rule without its name, its words and its examples."""
    none = Words("", "")

    def claim(one: Claim) -> Claim:
        return replace(one, text="", words={}, when=claim(one.when) if one.when else None)

    return replace(
        rule,
        code="",
        severity="error",
        claims=tuple(claim(one) for one in rule.claims),
        message=none,
        action=none,
        why=none,
        source="",
        holds=(),
        breaks=(),
    )


def _orphans(profile: Profile, chain: Sequence[Layer]) -> Iterator[Finding]:
    """Codes whose code of the level above is not in the list of the year."""
    for mark in profile.marks.values():
        for code in sorted(mark.codes):
            level = mark.lengths.index(len(code))
            above = code[: mark.lengths[level - 1]] if level else ""
            if above and above not in mark.codes:
                zh = f"{mark.levels[level - 1]}级科目 {above} 不在 {profile.year} 年的科目表中"
                en = f"the code above it, {above}, is not in the list of {profile.year}"
                yield _suspicious(_place(f"mark.{mark.name}", chain), zh, en, found=f"{code} {mark.name_of(code)}")


def _examples(profile: Profile, chain: Sequence[Layer]) -> Iterator[Finding]:
    """Columns of example files that their sheet does not have, and files that cannot be read."""
    for name, path in profile.example.items():
        headings = [column.heading for column in profile.tables[name].columns]
        place = _place(f"table.{name}", chain)
        try:
            rows = csv_rows(path)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            file = Path(path).name
            yield _suspicious(place, f"示例 {file} 无法读取", f"the example {file} cannot be read", found=str(error))
            continue
        for heading in rows[0] if rows else ():
            if heading not in headings:
                zh, en = (
                    f"示例 {Path(path).name} 有表中没有的列",
                    f"the example {Path(path).name} has a column of no sheet",
                )
                yield _suspicious(place, zh, en, found=heading, expected=one_of(headings, heading))
