"""The form fields of a tagged PDF in its structure: PDF/UA-1 (ISO 14289-1, 7.18) wants each told, in its place, in words.

What is added stands in the same incremental update as the field, before anything is signed. A PDF that somebody brought
without a structure gets none: its fields have their words all the same.
"""

from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter


def describe(writer: IncrementalPdfFileWriter, field_ref: Any, words: str, *, is_signed: bool) -> None:
    """Say in `words` what the field is for, and put it at the end of the structure, if there is one.

    The field's widget is the field itself, and stands on its page already. After a signature (`is_signed`) nothing but the
    field may change.
    """
    field = field_ref.get_object()
    field[pdf_name("/TU")] = pdf_string(words)
    writer.update_container(field)
    if is_signed:
        return
    in_order_of_structure(writer, field.raw_get("/P"))
    if "/StructTreeRoot" in writer.root:
        _put_into_structure(writer, writer.root.raw_get("/StructTreeRoot"), field_ref, words)


def in_order_of_structure(writer: IncrementalPdfFileWriter, page_ref: Any) -> None:
    """Have the fields of the page reached in the order of the structure (ISO 14289-1, 7.18.3)."""
    page = page_ref.get_object()
    if page.get("/Tabs") != "/S":
        page[pdf_name("/Tabs")] = pdf_name("/S")
        writer.update_container(page)


def _put_into_structure(writer: Any, root_ref: Any, field_ref: Any, words: str) -> None:
    root, field = root_ref.get_object(), field_ref.get_object()
    parent_ref = _whole(root_ref)
    parent, page_ref = parent_ref.get_object(), field.raw_get("/P")
    entries = {
        "/Type": pdf_name("/StructElem"),
        "/S": pdf_name("/Form"),
        "/P": parent_ref,
        "/Pg": page_ref,
        "/Alt": pdf_string(words),
        "/K": _dictionary({"/Type": pdf_name("/OBJR"), "/Obj": field_ref, "/Pg": page_ref}),
    }
    element = writer.add_object(_dictionary(entries))
    kids = parent.get("/K")
    if not isinstance(kids, generic.ArrayObject):
        kids = parent[pdf_name("/K")] = generic.ArrayObject([] if kids is None else [parent.raw_get("/K")])
    kids.append(element)
    for changed in (kids, parent):
        writer.update_container(changed)
    field[pdf_name("/StructParent")] = generic.NumberObject(_number_of_parent(writer, root, element))
    writer.update_container(field)


def _whole(root_ref: Any) -> Any:
    """The element that holds the whole document, else the root of the structure."""
    kids = root_ref.get_object().raw_get("/K")
    first = kids.raw_get(0) if isinstance(kids, generic.ArrayObject) and len(kids) == 1 else kids
    is_document = isinstance(first, generic.IndirectObject) and first.get_object().get("/S") == "/Document"
    return first if is_document else root_ref


def _number_of_parent(writer: Any, root: Any, element: Any) -> int:
    """The number under which the tree of parents (ISO 32000-1, 14.7.4.4) now names the element."""
    path = [root["/ParentTree"]]
    while "/Kids" in path[-1]:  # the keys are in order: the greatest stand in the last of them
        path.append(path[-1]["/Kids"][-1])
    numbers = path[-1]["/Nums"]
    after_last = int(numbers[-2]) + 1 if len(numbers) else 0
    key = max(after_last, int(root.get("/ParentTreeNextKey", 0)))
    numbers.extend([generic.NumberObject(key), element])
    for node in path:
        if "/Limits" in node:
            node["/Limits"][1] = generic.NumberObject(key)
    root[pdf_name("/ParentTreeNextKey")] = generic.NumberObject(key + 1)
    for changed in (numbers, *path, root):
        writer.update_container(changed)
    return key


def _dictionary(entries: dict[str, Any]) -> generic.DictionaryObject:
    return generic.DictionaryObject({pdf_name(name): value for name, value in entries.items()})
