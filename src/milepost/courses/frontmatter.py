"""The head of a Markdown file: YAML between two lines of '---', checked field by field, with line numbers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from django.utils.translation import gettext as _

MARK = "---"


@dataclass(frozen=True, order=True)
class Problem:
    """Something wrong in a course: where (file and line, 1 for the first), what, and what to do."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass
class SourceFile:
    """A Markdown file split into its fields and its body; problems go into the list that all files share."""

    path: str
    fields: dict[str, Any]
    lines: dict[str, int]
    body: str
    body_line: int
    problems: list[Problem]
    used: set[str] = field(default_factory=set)

    def problem(self, line: int, message: str) -> None:
        """Note that something at `line` of the file is wrong."""
        self.problems.append(Problem(self.path, line, message))

    def line_of(self, name: str) -> int:
        return self.lines.get(name, 1)

    def text(self, name: str, default: str | None = None) -> str:
        """A one-line text; without a default it must be there."""
        value = self._take(name, default)
        if value is None:
            self.problem(1, _("“%(name)s:” is missing between the --- lines at the top.") % {"name": name})
            return ""
        if isinstance(value, (dict, list)):
            self.problem(self.line_of(name), _("“%(name)s” must be a text.") % {"name": name})
            return ""
        return str(value).strip()

    def choice(self, name: str, options: Mapping[str, object] | set[str], default: str) -> str:
        """One word of a few."""
        value = self.text(name, default)
        if value not in options:
            message = _("“%(name)s: %(value)s” is not known. Use one of: %(options)s.")
            self.problem(
                self.line_of(name), message % {"name": name, "value": value, "options": ", ".join(sorted(options))}
            )
            return default
        return value

    def flag(self, name: str, default: bool) -> bool:
        """true or false."""
        value = self._take(name, default)
        if not isinstance(value, bool):
            self.problem(self.line_of(name), _("“%(name)s” must be true or false.") % {"name": name})
            return default
        return value

    def number(self, name: str, default: int | None, *, low: int, high: int) -> int | None:
        """A whole number between two bounds."""
        value = self._take(name, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            message = _("“%(name)s” must be a whole number from %(low)d to %(high)d.")
            self.problem(self.line_of(name), message % {"name": name, "low": low, "high": high})
            return default
        return value

    def seconds(self, name: str, default: float | None = None) -> float | None:
        """A time such as 1:05 or 1:02:30 (or plain seconds), in seconds."""
        value = self._take(name, default)
        if value is None or value == default:
            return default
        try:
            return parse_seconds(value)
        except ValueError:
            self.problem(self.line_of(name), _("“%(name)s” must be a time like 1:05.") % {"name": name})
            return default

    def texts(self, name: str) -> list[str]:
        """A list of texts, possibly empty."""
        value = self._take(name, [])
        if not isinstance(value, list) or not all(isinstance(item, (str, int, float)) for item in value):
            self.problem(
                self.line_of(name), _("“%(name)s” must be a list of texts, one a line after “- ”.") % {"name": name}
            )
            return []
        return [str(item).strip() for item in value]

    def raw(self, name: str, default: Any = None) -> Any:
        """Whatever is there."""
        return self._take(name, default)

    def refuse_unknown(self) -> None:
        """Report fields that nothing asked for: mostly typing mistakes. Call it last."""
        for name in self.fields:
            if name not in self.used:
                self.problem(
                    self.line_of(name), _("“%(name)s” is not a field of this file. Is it misspelt?") % {"name": name}
                )

    def _take(self, name: str, default: Any) -> Any:
        self.used.add(name)
        value = self.fields.get(name)
        return default if value is None else value


def parse_seconds(value: object) -> float:
    """1:05 and 65 are 65.0 seconds. Raises `ValueError`."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    total = 0.0
    for part in str(value).strip().split(":"):
        total = total * 60 + float(part)
    if total < 0:
        raise ValueError(value)
    return total


def split(path: str, data: bytes, problems: list[Problem]) -> SourceFile | None:
    """Split a file; None (and a problem) when it is not UTF-8 or its head can't be read."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        problems.append(Problem(path, line, _("This is not UTF-8. Save the file with the encoding UTF-8.")))
        return None
    if text.startswith("\ufeff"):
        text = text[1:]
    if "\x00" in text:
        problems.append(Problem(path, 1, _("This is not a text file.")))
        return None
    lines = text.splitlines()
    if not lines or lines[0].strip() != MARK or MARK not in (line.strip() for line in lines[1:]):
        problems.append(Problem(path, 1, _("The file must begin with its fields between two lines of ---.")))
        return None
    end = next(index for index, line in enumerate(lines[1:], 1) if line.strip() == MARK)
    fields, numbers = _fields(path, "\n".join(lines[1:end]), problems)
    if fields is None:
        return None
    return SourceFile(path, fields, numbers, "\n".join(lines[end + 1 :]), end + 2, problems)


def _fields(path: str, head: str, problems: list[Problem]) -> tuple[dict[str, Any] | None, dict[str, int]]:
    try:
        loader = _Loader(head)
        node = loader.get_single_node()
        loaded = loader.construct_document(node) if node else None
    except yaml.YAMLError as error:
        problems.append(_unreadable(path, head, error))
        return None, {}
    except (ValueError, RecursionError):
        problems.append(Problem(path, 1, _("The fields can't be read: a number is too long, or lists lie too deep.")))
        return None, {}
    if loaded is None:
        return {}, {}
    if not isinstance(loaded, dict) or not isinstance(node, yaml.MappingNode):
        problems.append(Problem(path, 2, _("The fields must be written as “name: value”, one a line.")))
        return None, {}
    return {str(key): value for key, value in loaded.items()}, {
        str(key.value): key.start_mark.line + 2 for key, _value in node.value
    }


def _unreadable(path: str, head: str, error: yaml.YAMLError) -> Problem:
    """The line at which the fields can't be read, in our words: the reader's own are English, and of use to who wrote it."""
    at = getattr(error, "problem_mark", None)
    begun = getattr(error, "context_mark", None)
    if begun and "block" not in str(getattr(error, "context", "")):
        at = begun  # where the quote or bracket opens that is never closed, and not where that shows
    number = at.line if at else 0
    lines = head.splitlines()
    if isinstance(error, _Reference):
        return Problem(path, number + 2, _("References (*) are not used here. Write what is meant in its place."))
    message = _("“%(line)s” can't be read. Write “name: value”; a value with a colon, # or brackets stands in quotes.")
    line = lines[min(number, len(lines) - 1)].strip() if lines else ""
    return Problem(path, number + 2, message % {"line": line[:80]})


class _Reference(yaml.composer.ComposerError):
    """A reference to something elsewhere in the fields."""


class _Loader(yaml.SafeLoader):
    """YAML without its traps: 1:30 is a text and not sixty-based, dates stay text, aliases (bombs) are refused."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            at = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise _Reference(None, None, "a reference", at)
        return super().compose_node(parent, index)


def _resolvers() -> dict[str, list[tuple[str, Any]]]:
    """YAML's implicit types without dates, floats in base 60, and integers in base 60 or 8."""
    kept: dict[str, Any] = {
        "tag:yaml.org,2002:bool": None,
        "tag:yaml.org,2002:null": None,
        "tag:yaml.org,2002:merge": None,
    }
    kept |= {"tag:yaml.org,2002:int": _INTEGER, "tag:yaml.org,2002:float": _DECIMAL}
    return {
        first: [(tag, kept[tag] or pattern) for tag, pattern in resolvers if tag in kept]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_INTEGER = re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$")
_DECIMAL = re.compile(r"^[-+]?[0-9]+\.[0-9]+$")
_Loader.yaml_implicit_resolvers = _resolvers()
