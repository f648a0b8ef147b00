"""The sandbox that templates run in: every value is escaped, unknown names are refused, and nothing goes on without end.

A template cannot be stopped from outside without threads or signals, so it is made to count: its loops, calls, operators and
filters all pass through a :class:`Meter`, which stops it. Sizes are looked at before a thing is made, not after.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, wraps
from time import monotonic
from typing import Any

from xl2report import views
from xl2report.findings import Words
from xl2report.manifest import Joined, Ledger, Text, without_sentinels

STEPS = 200_000
"""How many turns of loops and calls a part of a template may take; the example's report takes some hundreds."""
SECONDS = 5
"""How long a part may take."""
PRINTED = 32_000_000
"""How many characters of XML a part may have; the example's report has 300,000."""
LONGEST = 1_000_000
"""How many characters a text may have that a template makes, with those of all texts in a list together."""
FILTERED = 200_000
"""The same for what filters and methods of texts are given: some of them take long."""
WIDEST = 10_000
"""The largest number that may be given to a filter or to a method of a text: widths, counts, places."""
BITS = 10_000
"""How large a number may be that a template computes."""

TURN, MADE = "each turn", "made here"
"""The names of two filters that no template can write: around what a loop goes over, and around what makes a text or a list."""
_WIDTHS = re.compile(r"\d{4}|\*|\{[^{}]*\{")
"""What makes a formatted text wide: four digits, a width from an argument."""


_MANY = (list, tuple, dict, set, frozenset)
_ESCAPED = re.compile("[&<>'\"]")
_OWN = frozenset(kind for kind in vars(views).values() if isinstance(kind, type) and kind.__module__ == views.__name__)
"""The types of what a template gets to see: immutable, with nothing behind a dot that is not meant for it."""
_PLAIN = frozenset({str, int, Text}) | {kind for kind in _OWN if not hasattr(kind, "__html__")}
"""The types of what prints as its text, to be escaped."""


class TooMuch(Exception):  # noqa: N818 - said to people as what it is
    """A template that takes, or makes, more than any report needs."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.words = Words(zh, en)


class Meter:
    """Counts what one part of a template does."""

    __slots__ = ("steps", "until")

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Count from the beginning."""
        self.steps = 0
        self.until = monotonic() + SECONDS

    def step(self) -> None:
        """One more turn or call."""
        self.steps += 1
        if self.steps > STEPS:
            raise TooMuch(f"循环和调用超过 {STEPS} 次", f"more than {STEPS} turns of loops and calls")
        if monotonic() > self.until:
            raise TooMuch(f"运行超过 {SECONDS} 秒", f"it takes more than {SECONDS} seconds")

    def each(self, values: Iterable[Any]) -> Iterator[Any]:
        """What a loop goes over, counted."""
        for value in values:
            self.step()
            yield value

    def size(self, value: Any, most: int = LONGEST) -> int:
        """The number of characters and members of a value, refused where there are more than enough."""
        if isinstance(value, str | bytes):
            found = len(value)
        elif isinstance(value, list | tuple | dict | set | frozenset):
            found = 1
            for member in value:
                self.step()
                found += 1 + self.size(member, most)
                if isinstance(value, dict):
                    found += self.size(value[member], most)
                if found > most:
                    break
        else:
            return 1
        if found > most:
            raise TooMuch(f"文字或列表超过 {most} 个字符", f"a text or list of more than {most} characters")
        return found

    def made(self, value: Any) -> Any:
        """A text or list that a template made, where it is not too large."""
        self.size(value)
        return value

    def given(self, values: Iterable[Any]) -> None:
        """Look at what a filter or a method of a text is given: what it makes is no longer than all sizes multiplied."""
        product = 1
        for number, value in enumerate(values):
            if isinstance(value, int) and number:
                if abs(value) > WIDEST:
                    raise TooMuch(
                        f"数 {str(value)[:20]} 超过 {WIDEST}", f"the number {str(value)[:20]} is above {WIDEST}"
                    )
                product *= max(1, abs(value))
            else:
                product *= max(1, self.size(value, FILTERED))
        if product > LONGEST:
            raise TooMuch(f"结果可能超过 {LONGEST} 个字符", f"what it makes may have more than {LONGEST} characters")

    def formats(self, text: str) -> None:
        """Look at a text that says how others are to be formatted."""
        if found := _WIDTHS.search(text):
            raise TooMuch(f"格式里的宽度 {found[0]} 太大", f"the width {found[0]} in a format is too large")

    def counted(self, function: Callable[..., Any], *, formats: bool = False) -> Callable[..., Any]:
        """A filter that counts and looks at what it is given."""

        @wraps(function)
        def filtered(*arguments: Any, **named: Any) -> Any:
            self.step()
            known = arguments[1:] if hasattr(function, "jinja_pass_arg") else arguments
            if formats and known:
                self.formats(str(known[0]))
            else:
                self.given((*known, *named.values()))
            result = function(*arguments, **named)
            return self.made(list(self.each(result)) if isinstance(result, Iterator) else result)

        return filtered

    def operands(self, operator: str, left: Any, right: Any) -> None:
        """Look at what an operator is given."""
        self.step()
        if isinstance(left, int) and isinstance(right, int):
            bits = left.bit_length() * abs(right) if operator == "**" else left.bit_length() + right.bit_length()
            if operator in ("*", "**") and bits > BITS:
                raise TooMuch("算出的数太大", "the number is too large")
        elif operator == "%" and isinstance(left, str):
            self.formats(left)
        elif operator == "*":
            times, repeated = (left, right) if isinstance(left, int) else (right, left)
            if isinstance(times, int) and self.size(repeated) * max(0, times) > LONGEST:
                raise TooMuch(f"文字或列表超过 {LONGEST} 个字符", f"a text or list of more than {LONGEST} characters")


class _Filters(dict[str, Callable[..., Any]]):
    """Filters, each counted from when it is first asked for."""

    def __init__(self, filters: Mapping[str, Callable[..., Any]], meter: Meter) -> None:
        super().__init__(filters)
        self.meter = meter
        self.counted: dict[str, Callable[..., Any]] = {TURN: meter.each, MADE: meter.made}

    def __getitem__(self, name: str) -> Callable[..., Any]:
        if name not in self.counted:
            self.counted[name] = self.meter.counted(super().__getitem__(name), formats=name == "format")
        return self.counted[name]

    def get(self, name: str, default: Any = None) -> Any:
        """The filter of a name, or the default."""
        return self[name] if name in self.counted or name in self else default


@cache
def _sandbox() -> Any:
    """The class of the sandbox; made when jinja2 is first needed."""
    from jinja2.compiler import CodeGenerator
    from jinja2.runtime import LoopContext
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    transparent = {*_OWN, LoopContext}

    class Code(CodeGenerator):
        """Jinja's compiler; what is printed goes through ``shown``, which escapes it too."""

        def _output_child_pre(self, node: Any, frame: Any, finalize: Any) -> None:
            if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
                super()._output_child_pre(node, frame, finalize)
            else:
                self.write("environment.shown(")

        def _output_child_post(self, node: Any, frame: Any, finalize: Any) -> None:
            if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
                super()._output_child_post(node, frame, finalize)
            else:
                self.write(")")

    class Sandbox(ImmutableSandboxedEnvironment):
        """Jinja's sandbox for immutable values, with a meter."""

        code_generator_class = Code
        intercepted_binops = frozenset(["+", "-", "*", "/", "//", "**", "%"])
        meter: Meter

        def getattr(self, obj: Any, attribute: str) -> Any:
            """What stands behind a dot; of our own views, and of a loop, everything that is public may be had."""
            if type(obj) in transparent and attribute[:1] != "_":
                try:
                    return getattr(obj, attribute)
                except AttributeError:
                    pass
            return super().getattr(obj, attribute)

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            """What an operator gives, where it is not too large."""
            self.meter.operands(operator, left, right)
            return self.meter.made(super().call_binop(context, operator, left, right))

        def call(self, context: Any, function: Any, /, *arguments: Any, **named: Any) -> Any:
            """What a call gives; a method of a text is looked at first."""
            self.meter.step()
            method = getattr(function, "__wrapped__", function)
            said = getattr(method, "__self__", None)
            if isinstance(said, str):
                if getattr(method, "__name__", "") in ("format", "format_map"):
                    self.meter.formats(said)
                    self.meter.made((said, arguments, named))
                else:
                    self.meter.given((said, *arguments, *(v for k, v in named.items() if not k.startswith("_"))))
            return super().call(context, function, *arguments, **named)

    return Sandbox


def environment(ledger: Ledger | None = None) -> Any:
    """The sandbox that templates run in: every value is escaped, unknown names are refused, no globals.

    With a ledger what is printed is entered in it. What a template prints into a name, a macro or a filter is a text that it
    may compare or cut, so it is not.
    """
    from jinja2 import StrictUndefined
    from markupsafe import escape

    made = _sandbox()(autoescape=True, undefined=StrictUndefined)
    meter = made.meter = Meter()
    made.filters["中文数字"] = views.chinese_number
    if ledger is not None:
        made.filters["join"] = _join_known(made.filters["join"])
    made.filters = _Filters(made.filters, meter)
    made.globals.clear()

    def printed(value: Any) -> Any:
        if isinstance(value, _MANY):
            meter.size(value)
        return value if ledger is None else ledger.finalized(value)

    def shown(value: Any) -> str:
        value = printed(value) if ledger is not None or isinstance(value, _MANY) else value
        if type(value) in _PLAIN and not _ESCAPED.search(text := str(value)):
            return text  # most of what is printed; making a Markup of it takes longer than all else
        return str(escape(value))

    def joined(pieces: Iterable[str]) -> str:
        text = "".join(_bounded(pieces))
        return without_sentinels(text)

    made.finalize = printed
    made.shown = shown
    made.concat = joined
    return made


def _bounded(pieces: Iterable[str]) -> Iterator[str]:
    """The pieces of a text as long as it is not too long."""
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > LONGEST:
            raise TooMuch(f"文字或列表超过 {LONGEST} 个字符", f"a text or list of more than {LONGEST} characters")
        yield piece


def _join_known(join: Any) -> Any:
    """The filter ``join``, whose result knows the values that it is made of."""
    from jinja2 import pass_eval_context
    from jinja2.filters import make_attrgetter

    @pass_eval_context
    def joined(context: Any, value: Any, d: str = "", attribute: str | int | None = None) -> Any:
        items = list(value)
        text = join(context, items, d, attribute)
        get = make_attrgetter(context.environment, attribute) if attribute is not None else lambda item: item
        pieces = [piece for item in items for piece in (d, get(item))][1:]
        return Joined.of(text, pieces) if type(text) is str else text

    return joined


def compiled(env: Any, source: str, name: str) -> Any:
    """The code of a template, which counts its loops and looks at the texts and lists that it makes.

    ``name`` stands for the template in tracebacks.
    """
    from jinja2 import nodes
    from jinja2.visitor import NodeTransformer

    class Counting(NodeTransformer):
        """Puts the filters of the meter into a template's tree."""

        def visit_For(self, node: Any) -> Any:  # noqa: N802 - the visitor's own naming
            self.generic_visit(node)
            node.iter = nodes.Filter(node.iter, TURN, [], [], None, None, lineno=node.lineno)
            return node

        def visit_made(self, node: Any) -> Any:
            self.generic_visit(node)
            if getattr(node, "ctx", "load") != "load":
                return node
            return nodes.Filter(node, MADE, [], [], None, None, lineno=node.lineno)

        visit_Concat = visit_List = visit_Dict = visit_Tuple = visit_made  # noqa: N815

    tree = Counting().visit(env.parse(source))
    tree.set_environment(env)
    return env.compile(tree, None, name)
