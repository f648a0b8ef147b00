"""What a code of a finding means: what is claimed of what, why, what to do, cases that hold and that break."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xl2report.findings import CODES, WHY, Severity, Words
from xl2report.profile import Profile, Rule

Facet = tuple[Words, Words]
"""A label and what it says."""
_BLANK = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that there is to say about a code; texts to be filled in stand as ``〈word〉``."""

    code: str
    severity: Severity
    message: Words
    facets: tuple[Facet, ...]

    def as_json(self, lang: str) -> dict[str, Any]:
        """The explanation with stable keys."""
        facets = [{"label": k.in_language(lang), "text": v.in_language(lang)} for k, v in self.facets]
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message.in_language(lang),
            "facets": facets,
        }


def explanations(profile: Profile) -> Mapping[str, Explanation]:
    """Every code that a finding may bear, built-in ones first, then the rules of a profile, each in order."""
    found = {code: _built_in(code) for code in CODES}
    found |= {code: _of_rule(profile.rules[code]) for code in sorted(profile.rules)}
    return found


def _built_in(code: str) -> Explanation:
    entry = CODES[code]
    facets = (Words("为什么", "why"), WHY[code[0]]), (Words("怎么办", "what to do"), _blanked(entry.action, "…"))
    return Explanation(code, entry.severity, _blanked(entry.message, "…"), facets)


def _of_rule(rule: Rule) -> Explanation:
    return Explanation(rule.code, rule.severity, _blanked(rule.message), tuple(facets(rule)))


def facets(rule: Rule) -> Iterator[Facet]:
    """What a rule claims, of what and on which conditions, why, its source, what to do, its examples."""
    for claim in rule.claims:
        if claim.text:
            when = (f"（当 {claim.when.text}）", f" (when {claim.when.text})") if claim.when else ("", "")
            yield Words("断言", "claim"), Words(claim.text + when[0], claim.text + when[1])
    if rule.about:
        yield Words("对象", "about"), rule.about
    if rule.unless:
        yield Words("除外", "unless"), _same("、".join(rule.unless))
    for name, values in rule.where.items():
        yield Words("只用于", "only where"), _same(f"{name}：{'、'.join(values)}")
    if rule.after:
        codes = "、".join(rule.after)
        yield Words("前提", "after"), Words(f"{codes} 没有发现问题", f"{codes} found nothing")
    yield Words("为什么", "why"), rule.why
    yield Words("依据", "source"), _same(rule.source)
    yield Words("怎么办", "what to do"), _blanked(rule.action)
    for label, examples in ((Words("成立", "holds"), rule.holds), (Words("不成立", "breaks"), rule.breaks)):
        for example in examples:
            yield label, _same("，".join(f"{name} = {value}" for name, value in example.items()))


def _same(text: str) -> Words:
    return Words(text, text)


def _blanked(words: Words, blank: str = r"〈\1〉") -> Words:
    """A message with its words in braces named, or left blank."""
    zh, en = (_BLANK.sub(blank, text).replace("{{", "{").replace("}}", "}") for text in (words.zh, words.en))
    return Words(zh, en)
