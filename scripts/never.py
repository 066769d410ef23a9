"""What Milepost's own code must never do, told by reading it: `make lint` runs this beside ruff, which has bandit's rules (S).

    python scripts/never.py             each place that breaks a rule, with what to do instead; exit status 1 if there is one

A place that is right all the same says so on its line, with the rule's name and why: `# never: sql (names of ours)` in Python,
`{# never: … #}` in a template, `// never: …` in a script; `never: network in this file (why)` speaks for a file. Ruff's word for
the same thing will do (`noqa: S608 (names of ours)`). A reason where nothing is wrong is told, too, so that none outlives its
cause. A rule is one function over a file; `tests/test_never.py` shows what each finds and what it leaves alone.

The files are read by Python's own parser, so they are understood as whoever runs them understands them.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src/milepost"
NOT_OURS = ("/vendor/", "/migrations/", "/tests/", "/static/design/fonts/")
_REASON = re.compile(r"(?:never|noqa): (?P<rule>\w+)(?P<all> in this file)? \([^)]{8,}\)")
_IN_RUFF = {"S608": "sql", "S611": "sql", "S308": "markup"}

type Found = Iterator[tuple[int, str]]  # the line, and what to do instead


@dataclass(frozen=True)
class Trouble:
    """A place that breaks a rule."""

    path: Path
    line: int
    rule: str
    says: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.says}"


def main() -> int:
    troubles = [trouble for path in _files() for trouble in troubles_in(path, path.read_text(encoding="utf-8"))]
    for trouble in troubles:
        print(trouble)
    return 1 if troubles else 0


def troubles_in(path: Path, text: str) -> list[Trouble]:
    """What breaks a rule in a file of this name with this text, and reasons that nothing needs, by line."""
    read = ast.parse(text) if path.suffix == ".py" else text
    found = {
        (line, rule.__name__): says
        for rule in RULES[path.suffix]
        for line, says in rule(text if rule is invisible else read)
    }
    for number, line in enumerate(text.splitlines(), 1):
        for reason in _REASON.finditer(line):
            rule = _IN_RUFF.get(reason["rule"], reason["rule"])
            excused = [place for place in found if place[1] == rule and (reason["all"] or place[0] == number)]
            if not excused and "never" in reason[0]:
                found[number, rule] = "This reason excuses nothing: remove it."
            for place in excused:
                del found[place]
    return [Trouble(path, line, rule, says) for (line, rule), says in sorted(found.items())]


def _files() -> Iterator[Path]:
    for path in sorted(SOURCE.rglob("*")):
        if path.suffix in RULES and not any(part in f"/{path.relative_to(SOURCE)}" for part in NOT_OURS):
            yield path.relative_to(ROOT)


# --- Python -----------------------------------------------------------------------------------------------------


def sql(module: ast.Module) -> Found:
    """A statement is written out, or put together from constants and quoted names; values are bound."""
    given: dict[str, list[ast.expr]] = {}
    for node in _nodes(module):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            given.setdefault(node.targets[0].id, []).append(node.value)
    written = {name for name, values in given.items() if all(_is_written(value, frozenset()) for value in values)}
    for call in _calls(module):
        name = _last_name(call.func)
        is_query = name in ("execute", "executemany", "RawSQL") or ast.unparse(call.func).endswith("objects.raw")
        if is_query and call.args and not _is_written(call.args[0], written):
            yield call.lineno, "Write the statement out, name tables by quote_name, and bind values."


def _is_written(value: ast.expr, known: Set[str]) -> bool:
    """Whether all of a text stands in the source: constants, numbers, names in quotes, and variables known to hold such."""
    match value:
        case ast.Constant():
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.isupper() or name in known
        case ast.Call():
            return _last_name(value.func) in ("quote", "quote_name")
        case ast.JoinedStr(values=parts):
            return all(_is_written(part, known) for part in parts)
        case ast.FormattedValue(value=inner, format_spec=form):
            return ast.dump(form or inner).endswith(("d')])", "f')])")) or _is_written(inner, known)
        case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, op=ast.Add(), right=other):
            return _is_written(one, known) and _is_written(other, known)
    return False


_SECRET = re.compile(r"(^|_)(token|secret|password|passphrase|pin|hmac|mac|otp|signed_by)$", re.IGNORECASE)


def comparing(module: ast.Module) -> Found:
    """A secret is compared in constant time: how long `==` takes tells how much of it was right."""
    for node in _nodes(module):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            sides = [node.left, *node.comparators]
            is_empty = any(isinstance(side, ast.Constant) and not side.value for side in sides)
            if not is_empty and any(_SECRET.search(_last_name(side)) for side in sides):
                yield node.lineno, "Compare with django.utils.crypto.constant_time_compare."


def markup(module: ast.Module) -> Found:
    """What is HTML is put together by format_html, whose pattern stands in the source."""
    for call in _calls(module):
        name = _last_name(call.func)
        if name in ("mark_safe", "SafeString", "SafeText"):
            yield call.lineno, "Use format_html or format_html_join, which escape."
        elif name == "format_html" and call.args and not _is_pattern(call.args[0]):
            yield call.lineno, "Write the pattern out, and give values as arguments."


def _is_pattern(value: ast.expr) -> bool:
    """Written out, maybe for translation."""
    if isinstance(value, ast.Call) and _last_name(value.func) in ("_", "gettext", "pgettext", "ngettext"):
        return all(isinstance(each, ast.Constant) for each in value.args[:2])
    return isinstance(value, ast.Constant)


_NETWORK = ("requests", "urllib.request", "urllib3", "http.client", "httpx", "aiohttp", "smtplib", "ftplib")


def network(module: ast.Module) -> Found:
    """Other servers are asked through core.fetching, within bounds of seconds and bytes."""
    for line, taken in _imports(module):
        if any(taken == name or taken.startswith(f"{name}.") for name in _NETWORK):
            yield line, "Ask other servers through milepost.core.fetching."
    for call in _calls(module):
        if ast.unparse(call.func) in ("socket.create_connection", "urlopen"):
            yield call.lineno, "Ask other servers through milepost.core.fetching."


def cookies(module: ast.Module) -> Found:
    """A cookie is written and read in one place, which gives it its prefix and its flags."""
    for node in _nodes(module):
        if isinstance(node, ast.Attribute) and node.attr in ("set_cookie", "set_signed_cookie", "COOKIES"):
            yield node.lineno, "Use milepost.core.cookies."


def redirecting(module: ast.Module) -> Found:
    """Nobody is sent to an address that came with the request."""
    for call in _calls(module):
        if _last_name(call.func) in ("redirect", "HttpResponseRedirect", "HttpResponsePermanentRedirect"):
            given = " ".join(ast.unparse(value) for value in call.args)
            if re.search(r"request\.(GET|POST|META|headers|COOKIES)\b", given):
                yield (
                    call.lineno,
                    "Send people to an address made by reverse, or one that milepost.core.http found to be ours.",
                )


def exempting(module: ast.Module) -> Found:
    """No view goes without the token against forged forms, the policy for content, or the ban on frames."""
    names = (
        "csrf_exempt",
        "xframe_options_exempt",
        "xframe_options_sameorigin",
        "csp_override",
        "csp_report_only_override",
    )
    for node in _nodes(module):
        for decorator in getattr(node, "decorator_list", []):
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if _last_name(called) in names:
                yield decorator.lineno, "Leave the protection on."


def locking(module: ast.Module) -> Found:
    """A row is held as one whose key stays: plain FOR UPDATE stops whoever points to it, too, and two such wait for each other."""
    for call in _calls(module):
        if _last_name(call.func) == "select_for_update" and not any(word.arg == "no_key" for word in call.keywords):
            yield call.lineno, "Hold rows with select_for_update(no_key=True)."


# --- Templates and scripts --------------------------------------------------------------------------------------


def unescaped(text: str) -> Found:
    """A template escapes what it shows; HTML of a course, sanitised before it was kept, is shown by its own filter."""
    for line, _match in _matches(r"\|\s*safe(seq)?\b|\{%\s*autoescape\s+off", text):
        yield line, "Let it be escaped; what courses.markdown made goes through the filter “sanitised”."


def inline(text: str) -> Found:
    """No script and no style stands in a page: the policy for content refuses both."""
    for line, _match in _matches(
        r"<script(?![^>]*(?:\bsrc=|type=.application/json))|<style\b|<[a-z][^>]*\s(on[a-z]+|style|srcdoc)\s*=|javascript:",
        text,
    ):
        yield line, "Put it into a module or a style sheet under static/."


def written(text: str) -> Found:
    """A script makes elements, and never HTML out of text."""
    pattern = (
        r"\b(innerHTML|outerHTML|srcdoc)\s*\+?=(?!=)|\binsertAdjacentHTML\b|\bdocument\.write|\beval\(|\bnew Function\b"
    )
    for line, _match in _matches(pattern, text):
        yield line, "Make elements and set their textContent."


def invisible(text: str) -> Found:
    """No character that turns a line around or hides in it (Trojan Source, CVE-2021-42574)."""
    for line, _match in _matches("[\u202a-\u202e\u2066-\u2069\u200e\u200f\x00-\x08\x0b-\x1f\x7f]", text):
        yield line, "Write the character as an escape."


RULES: dict[str, list[Callable[..., Found]]] = {
    ".py": [sql, comparing, markup, network, cookies, redirecting, exempting, locking, invisible],
    ".html": [unescaped, inline, invisible],
    ".txt": [invisible],
    ".js": [written, invisible],
    ".css": [invisible],
}


@lru_cache(maxsize=1)
def _nodes(module: ast.Module) -> list[ast.AST]:
    """All of them, looked for once: each rule goes through them several times."""
    return list(ast.walk(module))


def _calls(module: ast.Module) -> Iterator[ast.Call]:
    return (node for node in _nodes(module) if isinstance(node, ast.Call))


def _imports(module: ast.Module) -> Iterator[tuple[int, str]]:
    for node in _nodes(module):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module


def _matches(pattern: str, text: str) -> Iterator[tuple[int, re.Match[str]]]:
    for match in re.finditer(pattern, text):
        yield text.count("\n", 0, match.start()) + 1, match


def _last_name(value: ast.expr) -> str:
    match value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Call():
            return ""
    return ""


if __name__ == "__main__":
    sys.exit(main())
