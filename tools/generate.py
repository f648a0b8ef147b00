"""Everything that is generated from something else in the tree: written, or with ``--check`` compared.

python tools/generate.py           write
python tools/generate.py --check   exit 1 where a file is stale, and say which
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import xl2report
from xl2report.explaining import facets
from xl2report.loading import load_profile
from xl2report.packages import parts_of
from xl2report.profile import Profile
from xl2report.template_text import template_text
from xl2report.workbooks import blank_workbook, example_workbook

ROOT = Path(__file__).parents[1]


def generated() -> dict[Path, bytes]:
    """Path in the tree -> what should stand there."""
    profile, later = load_profile("sichuan/2023"), load_profile("sichuan/2024")
    templates, golden = ROOT / "docx_templates", ROOT / "tests" / "golden"
    return {
        ROOT / "workbook_templates" / "sichuan-2023.xlsx": blank_workbook(profile),
        ROOT / "workbook_templates" / "sichuan-2024.xlsx": blank_workbook(later),
        ROOT / "workbook_templates" / "sichuan-2023-example.xlsx": example_workbook(profile),
        templates / "sichuan.txt": template_text((templates / "sichuan.docx").read_bytes()).encode(),
        ROOT / "docs" / "rules.md": rules_page(profile).encode(),
        golden / "rules.txt": rule_texts(profile).encode(),
        **compiled(ROOT / "workbook_templates" / "sichuan-2023-example.xlsx", golden),
    }


def rules_page(profile: Profile) -> str:
    """The manual page of the rules: what each claims, why, and cases that hold and break."""
    lines = [
        f"# 核对规则 · Rules of {profile.name}",
        "",
        "Generated from `rules.toml` by `tools/generate.py`; do not edit. A profile that extends this one (`sichuan/2024`) has the",
        "same rules but for those that it changes, adds or withdraws.",
        "",
    ]
    for rule in sorted(profile.rules.values(), key=lambda r: r.code):
        lines += [f"## {rule.code} · {rule.severity}", "", rule.message.zh, "", rule.message.en, ""]
        for label, says in facets(rule):
            both = says.zh if says.zh == says.en else f"{says.zh} · {says.en}"
            lines.append(f"- {label.zh} · {label.en}: {both}")
        lines.append("")
    return "\n".join(lines)


def rule_texts(profile: Profile) -> str:
    """What every rule says of a workbook that breaks it, in both languages."""
    sys.path.insert(0, str(ROOT / "tests"))
    from broken import said

    with tempfile.TemporaryDirectory() as folder:
        return "\n\n".join(said(code, Path(folder)) for code in sorted(profile.rules)) + "\n"


def compiled(workbook: Path, folder: Path) -> dict[Path, bytes]:
    """The golden files: the example's outputs, and the report's text for reading a difference."""
    report = xl2report.load(workbook)
    narrative, findings = report.narrative()
    if narrative is None:
        raise SystemExit("\n".join(f"{f.code} {f.place} {f.message.en}" for f in findings))
    return {
        folder / "schedules.xlsx": report.schedules(),
        folder / "report.docx": narrative,
        folder / "report.txt": template_text(narrative).encode(),
    }


def same(path: Path, data: bytes) -> bool:
    """Whether a file says what it should: by its bytes, or part by part (zlib builds differ between machines)."""
    if not path.exists():
        return False
    there = path.read_bytes()
    return there == data or (path.suffix in (".xlsx", ".docx") and parts_of(there) == parts_of(data))


def main() -> int:
    stale = {path: data for path, data in generated().items() if not same(path, data)}
    for path, data in stale.items():
        print(f"{'stale' if '--check' in sys.argv else 'wrote'}: {path.relative_to(ROOT)}")
        if "--check" not in sys.argv:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
    return int("--check" in sys.argv and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
