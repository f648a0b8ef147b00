"""Which input sheets, and which items of closed lists, a number, a schedule or a rule comes from."""

from __future__ import annotations

from xl2report.facts import TABLE, Query, Source
from xl2report.formulas import BoxName, Expression
from xl2report.formulas import names as names_in
from xl2report.profile import Claim, Profile, Rule
from xl2report.prose import tables_of_names


class Sources:
    """Which input sheets, and which items of closed lists, the numbers of a profile come from."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._known: dict[str, frozenset[Source]] = {}

    def of_claim(self, rule: Rule, claim: Claim) -> frozenset[Source]:
        """What must have been read whole for a claim of a rule to be made."""
        profile = self.profile
        found: set[Source] = set()
        for part in (claim, *((claim.when,) if claim.when else ())):
            found |= self.of_expression(part.left) | self.of_expression(part.right)
        match rule.scope:
            case "boxes" | "rows":
                found |= {s for key in rule.of for s in self.of_schedule(key)}
            case "lists" | "items":
                for listed in (profile.lists[name] for name in rule.of):
                    found |= {s for q in (listed.query, listed.budget) if q for s in self.of_query(q)}
                    found |= {s for m in (*listed.measures, listed.whole) if m for s in self.of_measure(m)}
            case "names":
                found |= {(t.name, "") for mark in rule.of for t in tables_of_names(profile, mark)}
            case "reasons":
                found |= {s for text in profile.texts.values() for s in self.of_measure(text.explains)}
                queries = [q for x in profile.lists.values() if x.reasons for q in (x.query, x.budget) if q]
                found |= {s for q in queries for s in self.of_query(q)}
            case "mentions":
                money = [name for name, measure in profile.measures.items() if measure.unit == "万元"]
                found |= {s for name in money for s in self.of_measure(name)}
        return frozenset(found)

    def of_query(self, query: Query) -> frozenset[Source]:
        """What a query selects from: items of a closed list, or a whole sheet."""
        table = self.profile.tables[query.table]
        items = query.wanted.get(table.columns[0].mark, ()) if table.kind in ("items", "info") else ()
        return frozenset((table.name, item) for item in items or ("",))

    def of_expression(self, expression: Expression) -> frozenset[Source]:
        """What the names of an expression come from."""
        found: set[Source] = set()
        for name in names_in(expression):
            found |= self.of_schedule(name.schedule) if isinstance(name, BoxName) else self.of_measure(name.text)
        return frozenset(found)

    def of_measure(self, name: str) -> frozenset[Source]:
        """What a measure, or its companion, comes from; nothing for a name that a subject gives."""
        if name not in self._known:
            base, _, companion = name.partition(".")
            measure = self.profile.measures.get(base)
            if measure is None:
                return frozenset()
            parts: set[Source] = set(self.of_query(measure.query)) if measure.query else set()
            parts |= self.of_expression(measure.formula) if measure.formula else frozenset()
            before = companion in ("上年", "增减", "增长率")
            other = measure.prior if before else measure.budget
            if before and other is None:
                parts |= {(t.name, base) for t in self.profile.tables.values() if t.item_measures}
            elif companion and other is not None:
                parts |= self.of_measure(other) if isinstance(other, str) else self.of_query(other)
            self._known[name] = frozenset(parts)
        return self._known[name]

    def of_schedule(self, key: str) -> frozenset[Source]:
        """What a printed schedule comes from."""
        schedule = self.profile.schedules.get(key)
        if schedule is None:
            return frozenset()
        wheres = [schedule.where, *(c.where for c in schedule.columns)]
        for side in schedule.sides:
            wheres += [side.where, *(c.where for c in side.columns), *(x.where for x in side.lines if x.where)]
        measures = [
            c.measure for c in (*schedule.columns, *(c for s in schedule.sides for c in s.columns)) if c.measure
        ]
        named: set[Source] = {(table, "") for where in wheres for table in where.get(TABLE, ())}
        return frozenset(named | {s for m in measures for s in self.of_measure(m)})
