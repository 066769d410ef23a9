"""From files to a course: every module and activity read and checked, every problem with its file and line.

`read_course` is the course doctor: it never raises for what is wrong in the text, it lists it.
"""

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from django.conf import settings
from django.utils.translation import gettext as _

from milepost.core import sandbox
from milepost.core.canonical import fingerprint_of
from milepost.core.sandbox import confined
from milepost.courses.files import CourseFiles, RefusedFiles, read_bytes
from milepost.courses.frontmatter import Problem, SourceFile, split
from milepost.courses.kinds import ActivityFile, kinds
from milepost.courses.markdown import render

COURSE = "course.md"
MODULE = "module.md"
_FOLDER = re.compile(r"^\d{1,3}-[a-z0-9][a-z0-9-]*$")
_ACTIVITY = re.compile(r"^(\d{1,3}-[a-z0-9][a-z0-9-]*)\.([a-z]+)\.md$")
_SLUG = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$")
FORMATS = {"COOC", "MOOC", "SPOC"}
RULES = {"all", "required"}
ENROLMENTS = {"open", "invited"}
CERTIFICATES = {"completion", "none"}
TEXTS = (".md", ".vtt")  # the files that are read; all others are named only
MAX_TEXTS = 16 << 20  # bytes
MAX_OBJECTIVES = 50


@dataclass(frozen=True)
class ActivitySource:
    """An activity as read: `key` is module/activity, `digest` the SHA-256 of all that it consists of."""

    key: str
    kind: str
    title: str
    minutes: int
    is_required: bool
    definition: dict[str, Any]

    @property
    def digest(self) -> str:
        return fingerprint_of({"kind": self.kind, "title": self.title, "definition": self.definition})


@dataclass
class ModuleSource:
    """A module as read."""

    key: str
    title: str
    summary: str
    rule: str
    activities: list[ActivitySource] = field(default_factory=list)


@dataclass
class CourseSource:
    """A course as read. It may be published only if `problems` is empty."""

    slug: str = ""
    title: str = ""
    summary: str = ""
    language: str = "en"
    format: str = "COOC"
    category: str = ""
    objectives: list[str] = field(default_factory=list)
    enrolment: str = "invited"
    rule: str = "required"
    pass_mark: int | None = None
    certificate: str = "completion"
    certificate_months: int | None = None
    description: str = ""
    modules: list[ModuleSource] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def activities(self) -> list[ActivitySource]:
        return [activity for module in self.modules for activity in module.activities]

    @classmethod
    def load(cls, read: dict[str, Any]) -> Self:
        """What `dataclasses.asdict` made of it."""
        modules = [
            ModuleSource(**module | {"activities": [ActivitySource(**activity) for activity in module["activities"]]})
            for module in read["modules"]
        ]
        problems = [Problem(**problem) for problem in read["problems"]]
        return cls(**read | {"modules": modules, "problems": problems})


def read_course(files: CourseFiles, *, digests: Mapping[str, str] | None = None) -> CourseSource:
    """Read and check a whole course.

    `digests` gives the SHA-256 of files that are already stored; without it media are named by their path, which
    is enough for checking. Raises `RefusedFiles` only if the files themselves can't be read, `TooManyFiles`.
    """
    paths = files.paths()
    texts = [path for path in paths if path.endswith(TEXTS)]
    if sum(files.size(path) for path in texts) > MAX_TEXTS:
        raise RefusedFiles(
            _("The texts of the course are larger than %(size)d MB together. Split it.") % {"size": MAX_TEXTS >> 20}
        )
    return CourseSource.load(_read(paths, {path: read_bytes(files, path) for path in texts}, digests))


@confined(RefusedFiles, loads=["milepost.courses.markdown_parser"])
def _read(paths: Sequence[str], texts: Mapping[str, bytes], digests: Mapping[str, str] | None) -> dict[str, Any]:
    return asdict(_Reader(paths, texts, digests).read())


class _Reader:
    def __init__(self, paths: Sequence[str], texts: Mapping[str, bytes], digests: Mapping[str, str] | None) -> None:
        self.paths = paths
        self.texts = texts
        self.digests = digests
        self.known = set(paths)
        self.course = CourseSource()

    def read(self) -> CourseSource:
        course = self.course
        if COURSE not in self.known:
            message = _("There is no course.md. It holds the course's title and rules; see the course format.")
            course.problems.append(Problem(COURSE, 1, message))
            return course
        if source := self._split(COURSE):
            self._read_head(source)
        for folder in self._folders():
            self._read_module(folder)
        if not course.modules:
            message = _("The course has no module. Make a folder such as 01-begin with a file module.md.")
            course.problems.append(Problem(COURSE, 1, message))
        course.problems.sort()
        return course

    def _split(self, path: str) -> SourceFile | None:
        sandbox.at(path)
        return split(path, self.texts[path], self.course.problems)

    def _read_head(self, source: SourceFile) -> None:
        course = self.course
        course.slug = source.text("slug", "")
        course.title = source.text("title")
        course.summary = source.text("summary", "")
        course.language = source.choice("language", dict(settings.LANGUAGES), settings.LANGUAGE_CODE)
        course.format = source.choice("format", FORMATS, "COOC")
        course.category = source.text("category", "")
        course.objectives = source.texts("objectives")
        course.enrolment = source.choice("enrolment", ENROLMENTS, "invited")
        course.rule = source.choice("completion", RULES, "required")
        course.certificate = source.choice("certificate", CERTIFICATES, "completion")
        course.pass_mark = source.number("pass_mark", None, low=1, high=100)
        course.certificate_months = source.number("certificate_months", None, low=1, high=600)
        _refuse_longer(source, 160, title=[course.title])
        _refuse_longer(source, 300, summary=[course.summary])
        _refuse_longer(source, 60, category=[course.category])
        _refuse_longer(source, 500, objectives=course.objectives)
        if len(course.objectives) > MAX_OBJECTIVES:
            message = _("There are more than %(count)d objectives. Say the few that matter.") % {
                "count": MAX_OBJECTIVES
            }
            source.problem(source.line_of("objectives"), message)
        if course.slug and not _SLUG.match(course.slug):
            source.problem(source.line_of("slug"), _("“slug” may have small letters, digits and hyphens."))
        source.refuse_unknown()
        course.description = self._render(source)

    def _render(self, source: SourceFile) -> str:
        return render(
            source.body,
            media=lambda path: self._media(source.path, path),
            report=lambda line, message: source.problem(source.body_line + line, message),
        )

    def _folders(self) -> list[str]:
        folders = sorted({path.split("/", 1)[0] for path in self.paths if "/" in path} - {"media"})
        modules = []
        for folder in folders:
            if _FOLDER.match(folder):
                modules.append(folder)
            else:
                message = _(
                    "The folder “%(name)s” is neither “media” nor a module (two digits, a hyphen, a name in small letters: 01-begin)."
                )
                self.course.problems.append(Problem(f"{folder}/", 1, message % {"name": folder}))
        for path in self.paths:
            if "/" not in path and path.endswith(".md") and path not in {COURSE, "README.md"}:
                message = _("This file is not part of the course. Activities lie in module folders.")
                self.course.problems.append(Problem(path, 1, message))
        return modules

    def _read_module(self, folder: str) -> None:
        path = f"{folder}/{MODULE}"
        module = ModuleSource(key=folder, title=folder, summary="", rule="required")
        if path not in self.known:
            self.course.problems.append(
                Problem(path, 1, _("The module has no module.md. It holds the module's title."))
            )
        elif source := self._split(path):
            module.title = source.text("title")
            module.summary = source.text("summary", "")
            _refuse_longer(source, 200, title=[module.title])
            _refuse_longer(source, 1_000, summary=[module.summary])
            module.rule = source.choice("completion", RULES, "required")
            source.refuse_unknown()
        for path in (path for path in self.paths if path.startswith(folder + "/")):
            name = path.removeprefix(folder + "/")
            if name != MODULE and not name.startswith("media/"):
                self._read_activity(module, path, name)
        if not module.activities:
            self.course.problems.append(
                Problem(path, 1, _("The module “%(name)s” has no activity.") % {"name": folder})
            )
        elif module.rule == "required" and not any(activity.is_required for activity in module.activities):
            message = _("No activity of the module is required, so nobody could ever fail to complete it. Require one.")
            self.course.problems.append(Problem(f"{folder}/{MODULE}", 1, message))
        self.course.modules.append(module)

    def _read_activity(self, module: ModuleSource, path: str, name: str) -> None:
        slug_and_kind = _ACTIVITY.match(name)
        if not slug_and_kind or slug_and_kind[2] not in kinds:
            message = _("This is not the name of an activity. Name it like 01-why.page.md; kinds are: %(kinds)s.")
            self.course.problems.append(Problem(path, 1, message % {"kinds": ", ".join(sorted(kinds.names()))}))
            return
        key = f"{module.key}/{slug_and_kind[1]}"
        if any(activity.key == key for activity in module.activities):
            self.course.problems.append(Problem(path, 1, _("Another activity has the same name but for its kind.")))
            return
        source = self._split(path)
        if source is None:
            return
        kind = kinds.get(slug_and_kind[2])
        title = source.text("title")
        _refuse_longer(source, 200, title=[title])
        minutes = source.number("minutes", None, low=1, high=600)
        is_required = source.flag("required", default=True)
        definition = kind.read(
            ActivityFile(
                source=source,
                media=lambda written: self._media(path, written),
                text_of=lambda written: self._text(path, written, source),
                language=self.course.language,
            )
        )
        source.refuse_unknown()
        minutes = minutes or kind.minutes(definition)
        module.activities.append(ActivitySource(key, kind.name, title, minutes, is_required, definition))

    def _locate(self, origin: str, written: str) -> str | None:
        """The file that a path written in `origin` means: relative to that file, or else to the course."""
        for base in (posixpath.dirname(origin), ""):
            path = posixpath.normpath(posixpath.join(base, written))
            if path in self.known and not path.endswith(".md"):
                return path
        return None

    def _media(self, origin: str, written: str) -> tuple[str, str] | None:
        path = self._locate(origin, written)
        if path is None:
            return None
        return (self.digests[path] if self.digests else path.replace("/", "-")), posixpath.basename(path)

    def _text(self, origin: str, written: str, source: SourceFile) -> str | None:
        path = self._locate(origin, written)
        if path is None or path not in self.texts:
            return None
        try:
            return self.texts[path].decode("utf-8-sig")
        except UnicodeDecodeError:
            source.problem(1, _("%(path)s is not UTF-8. Save it with the encoding UTF-8.") % {"path": path})
            return None


def _refuse_longer(source: SourceFile, limit: int, **fields: Sequence[str]) -> None:
    """Report a field of which a text is longer: titles stand on every page, objectives on every certificate."""
    for name, texts in fields.items():
        if any(len(text) > limit for text in texts):
            message = _("“%(name)s” is longer than %(count)d characters.") % {"name": name, "count": limit}
            source.problem(source.line_of(name), message)
