"""Whatever reads a file of somebody else’s does so in a child process (`core.sandbox`): a parser that is used elsewhere fails here."""

import ast
from pathlib import Path

import pytest

import milepost

SOURCE = Path(milepost.__file__).parent
PARSERS = {
    "PIL", "bs4", "calamine", "csv", "defusedxml", "docx", "html5lib", "lxml", "markdown_it", "mdit_py_plugins", "nh3", "openpyxl",
    "pikepdf", "pptx", "pyhanko", "pyld", "pypdf", "pypdfium2", "python_calamine", "tarfile", "xml", "yaml", "zipfile",
}  # fmt: skip

# Their functions that read are confined, or called by such alone.
CONFINED = {
    "core/pictures.py",
    "core/tables.py",
    "courses/frontmatter.py",
    "courses/markdown.py",
    "courses/markdown_parser.py",
    "credentials/reading.py",
    "documents/reading.py",
    "documents/signature_fields.py",
}
VERIFY = "stands alone; /verify/ calls it in `credentials/reading.py`, confined"
ELSEWHERE = {
    "anchors/publishing.py": "writes",
    "backup/archive.py": "the operator’s own backups, by command",
    "classroom/meetings/bigbluebutton/__init__.py": "4 MB at most, of a server that the operator chose",
    "classroom/watching.py": "writes",
    "core/table_files.py": "writes",
    "courses/drafts.py": "writes",
    "courses/files.py": "packages of gigabytes, a piece at a time: the directory, ratios and ways of packing are bounded before",
    "credentials/badges.py": "writes",
    "declarations/declaring.py": "files of the installation",
    "documents/sealing.py": "files that were made here; others get their gap for a seal in `signature_fields`, confined",
    "documents/tagging.py": "files that were made here, before they are sealed",
    "documents/timestamps.py": "files that were sealed here, in the background",
    "evidence/dossier_file.py": "writes",
    "evidence/dossiers.py": "writes",
    "evidence/export.py": "writes",
    "evidence/profiles/__init__.py": "files of the installation",
    "evidence/sealed_archive.py": "writes",
    "journal/timestamp_authority.py": "answers of an authority that the operator chose",
    "journal/timestamping.py": "answers of an authority that the operator chose",
    "people/headings.py": "files of the installation",
    "receipts/making.py": "writes",
    "verify/archive.py": VERIFY,
    "verify/attestations.py": VERIFY,
    "verify/data_integrity.py": VERIFY,
    "verify/online.py": "stands alone; asks a site by the command only",
    "verify/pdf_seals.py": VERIFY,
    "verify/same_seals.py": VERIFY,
    "verify/tables.py": VERIFY,
    "verify/time_stamps.py": VERIFY,
}
# What parses, in modules that are read by confined functions of others, and where those are. (`plain_text` reads pages that
# were made and sanitised there.)
PARSE = {
    "milepost.core.tables": ({"table_in"}, {"classroom/connection_logs.py"}),
    "milepost.courses.frontmatter": ({"split"}, {"courses/reading.py"}),
    "milepost.courses.markdown": ({"render", "render_inline"}, {"courses/reading.py", "courses/kinds.py"}),
    "milepost.courses.markdown_parser": ({"PARSER"}, {"courses/markdown.py"}),
    "milepost.verify.data_integrity": ({"proven_badge"}, {"credentials/reading.py"}),
    "milepost.verify.receipt": ({"read_receipt"}, {"receipts/reading.py"}),
    "milepost.verify.pdf_seals": ({"seals_in"}, {"credentials/reading.py"}),
}  # fmt: skip
CALLED = {
    "courses/frontmatter.py",
    "courses/markdown.py",
    "courses/markdown_parser.py",
}  # by `courses.reading`, confined
KINDS = ("/kind.py", "/questions.py", "/quiz/types/")  # of activities: `courses.reading` has them read


def modules():
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if "/tests/" not in name and "/migrations/" not in name:
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def imports(tree):
    """Every import, wherever it stands: the module, and the names taken from it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, {alias.name: alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, {alias.name: (alias.asname or alias.name).partition(".")[0]}


def test_parsers_are_imported_where_files_are_read_in_a_child_and_nowhere_else():
    found = {
        name for name, tree in modules() for module, _names in imports(tree) if module.partition(".")[0] in PARSERS
    }
    assert found - CONFINED == set(ELSEWHERE)


def test_what_parses_is_called_from_confined_functions_alone():
    strangers = {
        f"{name}: {module}.{taken}"
        for name, tree in modules()
        for module, names in imports(tree)
        if module in PARSE
        for taken in PARSE[module][0] & set(names)
        if name not in PARSE[module][1] and not any(kind in f"/{name}" for kind in KINDS)
    }
    assert strangers == set()


@pytest.mark.parametrize("name", sorted(CONFINED - CALLED))
def test_no_public_function_of_these_reads_outside_of_a_child(name):
    tree = ast.parse((SOURCE / name).read_text(encoding="utf-8"))
    parsing = {
        given for module, names in imports(tree) if module.partition(".")[0] in PARSERS for given in names.values()
    }
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    is_open = {
        function.name for function in functions if not any("confined" in ast.dump(d) for d in function.decorator_list)
    }
    uses = {
        function.name: {node.id for node in ast.walk(function) if isinstance(node, ast.Name)} for function in functions
    }
    reads: set[str] = set()
    while more := {each for each in is_open - reads if uses[each] & (parsing | reads)}:
        reads |= more
    module = f"milepost.{name.removesuffix('.py').replace('/', '.')}"
    allowed = PARSE.get(module, (set(), set()))[0]
    assert {each for each in reads if not each.startswith("_")} <= allowed
