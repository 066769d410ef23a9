"""What a machine can check of PDF/UA-1 (ISO 14289-1), by the failure conditions of the Matterhorn Protocol 1.1.

`faults_of(pdf)` names each that it finds, with the number of its condition. It was written to the protocol and reads with
pikepdf; what only a person can judge (whether an alternative text says what is to be seen) is not in it.
"""

import io
from collections.abc import Iterator
from typing import Any

import pikepdf
from pikepdf import Name

STANDARD_TYPES = """Document Part Art Sect Div BlockQuote Caption TOC TOCI Index NonStruct Private P H H1 H2 H3 H4 H5 H6 L LI Lbl LBody
    Table TR TH TD THead TBody TFoot Span Quote Note Reference BibEntry Code Link Annot Ruby RB RT RP Warichu WT WP Figure Formula
    Form""".split()  # noqa: SIM905
PAINTS = set("f F f* s S B B* b b* Tj TJ ' \" Do sh BI".split()) | {"INLINE IMAGE"}  # noqa: SIM905
WANTED = {"/Widget": "Form", "/Link": "Link"}  # in what the structure tells an annotation
UNTOLD = {"Form": "28-010", "Link": "28-011", "Annot": "28-002"}
WITHIN = {"TR": {"Table", "THead", "TBody", "TFoot"}, "TH": {"TR"}, "TD": {"TR"}, "LI": {"L"}, "LBody": {"LI"}}


def faults_of(pdf: bytes) -> list[str]:
    """What is against PDF/UA-1 in the file; empty for one that holds to it as far as a machine can tell."""
    with pikepdf.open(io.BytesIO(pdf)) as file:
        return [*_of_document(file), *_of_structure(file), *_of_content(file), *_of_annotations(file), *_of_fonts(file)]


def _of_document(file: pikepdf.Pdf) -> Iterator[str]:
    root = file.Root
    meta = file.open_metadata()
    if str(meta.get("{http://www.aiim.org/pdfua/ns/id/}part")) != "1":
        yield "06-002 the metadata do not say that it is PDF/UA-1"
    if not meta.get("dc:title"):
        yield "06-003 no title"
    if not (root.get("/ViewerPreferences") or {}).get("/DisplayDocTitle"):
        yield "07-002 the title is not shown"
    if not str(root.get("/Lang", "")):
        yield "11-006 no language"
    if not (root.get("/MarkInfo") or {}).get("/Marked"):
        yield "06-001 not marked as tagged"
    if (root.get("/MarkInfo") or {}).get("/Suspects"):
        yield "01-007 suspects"
    for name, spec in file.attachments.items():
        if "/F" not in spec.obj or "/UF" not in spec.obj:
            yield f"21-001 the attached file {name} lacks a name"
    if "/XFA" in (root.get("/AcroForm") or {}):
        yield "25-001 XFA"


def _of_structure(file: pikepdf.Pdf) -> Iterator[str]:
    if "/StructTreeRoot" not in file.Root:
        yield "01-005 no structure"
        return
    roles = file.Root.StructTreeRoot.get("/RoleMap") or {}
    levels = [0]
    for element, parents in elements_of(file):
        kind = role_of(element, roles)
        if kind not in STANDARD_TYPES:
            yield f"02-001 {kind} is no type"
        if kind in WITHIN and (not parents or parents[-1] not in WITHIN[kind]):
            yield f"09-004 {kind} within {parents[-1:]}"
        if kind == "Figure" and not str(element.get("/Alt", "")).strip():
            yield "13-004 a figure without words"
        if kind == "TH" and "Scope" not in _attributes(element) and "Headers" not in _attributes(element):
            yield "15-003 a header without a scope"
        if kind[0] == "H" and kind[1:].isdigit():
            if int(kind[1:]) > levels[-1] + 1:
                yield f"14-003 {kind} after H{levels[-1]}"
            levels.append(int(kind[1:]))
    if len(levels) == 1:
        yield "14-002 no heading"


def elements_of(file: pikepdf.Pdf) -> Iterator[tuple[Any, list[str]]]:
    """Each element of the structure, in the order of reading, with the types of those that it is in."""
    if "/StructTreeRoot" not in file.Root:
        return
    roles = file.Root.StructTreeRoot.get("/RoleMap") or {}

    def below(node: Any, parents: list[str]) -> Iterator[tuple[Any, list[str]]]:
        for kid in _kids(node):
            if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
                yield kid, parents
                yield from below(kid, [*parents, role_of(kid, roles)])

    yield from below(file.Root.StructTreeRoot, [])


def role_of(element: Any, roles: Any) -> str:
    """The standard type of an element."""
    kind = element.S
    while kind in roles:
        kind = roles[kind]
    return str(kind).removeprefix("/")


def _kids(node: Any) -> list[Any]:
    kids = node.get("/K")
    return [] if kids is None else list(kids) if isinstance(kids, pikepdf.Array) else [kids]


def _attributes(element: Any) -> set[str]:
    given = element.get("/A")
    each = given if isinstance(given, pikepdf.Array) else [given] if given is not None else []
    return {str(key).removeprefix("/") for one in each if isinstance(one, pikepdf.Dictionary) for key in one}


def _of_content(file: pikepdf.Pdf) -> Iterator[str]:
    told = {}
    for element, _parents in elements_of(file):
        for kid in _kids(element):
            page = element.get("/Pg")
            if isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") == Name.MCR:
                page, kid = kid.get("/Pg", page), kid.MCID
            if isinstance(kid, int):
                told[page.objgen, int(kid)] = element
    for number, page in enumerate(file.pages, 1):
        stack: list[str] = []
        for operands, operator in pikepdf.parse_content_stream(page):
            name = str(operator)
            if name in ("BDC", "BMC"):
                tag = str(operands[0])
                properties = operands[1] if len(operands) > 1 else None
                is_told = isinstance(properties, pikepdf.Dictionary) and "/MCID" in properties
                if tag == "/Artifact" and "real" in stack:
                    yield f"01-001 page {number}: an artifact within real content"
                if is_told and "artifact" in stack:
                    yield f"01-002 page {number}: real content within an artifact"
                if is_told and (page.obj.objgen, int(properties.MCID)) not in told:
                    yield f"01-006 page {number}: content {properties.MCID} stands nowhere in the structure"
                stack.append("artifact" if tag == "/Artifact" else "real" if is_told else "")
            elif name == "EMC":
                stack.pop()
            elif name in PAINTS and not {"real", "artifact"} & set(stack):
                yield f"01-005 page {number}: {name} is neither tagged nor an artifact"


def _of_annotations(file: pikepdf.Pdf) -> Iterator[str]:
    within = {}
    roles = file.Root.StructTreeRoot.get("/RoleMap") or {} if "/StructTreeRoot" in file.Root else {}
    for element, _parents in elements_of(file):
        for kid in _kids(element):
            if isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") == Name.OBJR:
                within[kid.Obj.objgen] = role_of(element, roles)
    for number, page in enumerate(file.pages, 1):
        annotations = list(page.get("/Annots") or [])
        if annotations and page.get("/Tabs") != Name.S:
            yield f"28-008 page {number}: the order of its fields is not that of the structure"
        for annotation in annotations:
            kind, flags = str(annotation.Subtype), int(annotation.get("/F", 0))
            left, bottom, right, top = (float(side) for side in annotation.Rect)
            box = page.cropbox
            is_outside = right < box[0] or top < box[1] or left > box[2] or bottom > box[3]
            if flags & 2 or is_outside:
                continue
            wanted = WANTED.get(kind, "Annot")
            if within.get(annotation.objgen) != wanted:
                yield f"{UNTOLD[wanted]} page {number}: {kind} is not in a {wanted}"
            if kind == "/Widget" and not str(annotation.get("/TU", "")).strip():
                yield f"28-005 page {number}: the field {annotation.get('/T')} has no description"
            if kind == "/Link" and not str(annotation.get("/Contents", "")).strip():
                yield f"28-012 page {number}: a link has no words"
    numbers = file.Root.StructTreeRoot.get("/ParentTree") if "/StructTreeRoot" in file.Root else None
    keys = list(_numbers(numbers)) if numbers is not None else []
    if len(keys) != len(set(keys)) or keys != sorted(keys):
        yield "the tree of parents is not in order"
    for page in file.pages:
        for annotation in page.get("/Annots") or []:
            if "/StructParent" in annotation and int(annotation.StructParent) not in keys:
                yield "an annotation’s parent is not in the tree"


def _numbers(node: Any) -> Iterator[int]:
    yield from (int(key) for key in list(node.get("/Nums") or [])[::2])
    for kid in node.get("/Kids") or []:
        yield from _numbers(kid)


def _of_fonts(file: pikepdf.Pdf) -> Iterator[str]:
    for each in file.objects:
        if isinstance(each, pikepdf.Dictionary) and each.get("/Type") == Name.Font:
            if each.get("/Subtype") in (Name.Type0, Name.TrueType, Name.Type1) and "/ToUnicode" not in each:
                yield f"10-001 {each.get('/BaseFont')} does not say what its letters are"
            if (descriptor := each.get("/FontDescriptor")) is not None and not any(
                f"/FontFile{number}" in descriptor for number in ("", "2", "3")
            ):
                yield f"31-009 {each.get('/BaseFont')} is not in the file"
