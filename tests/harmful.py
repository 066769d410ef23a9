"""Files that cost whoever reads them far more than whoever makes them: each is made here, in a few lines, and is small."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

CODE = "0000-0000-0000-0000-0000-0000-0000"


def pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1; the first is its catalogue."""
    out, offsets = io.BytesIO(b"%PDF-1.7\n"), []
    out.seek(0, io.SEEK_END)
    for number, content in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(b"trailer <</Size %d /Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start))
    return out.getvalue()


def stream(content: bytes, entries: bytes = b"") -> bytes:
    packed = zlib.compress(content, 9)
    return b"<<%s /Filter /FlateDecode /Length %d>>\nstream\n%s\nendstream" % (entries, len(packed), packed)


def pdf_with_page(width: float, height: float, content: bytes = b"") -> bytes:
    return pdf(
        b"<</Type /Catalog /Pages 2 0 R>>",
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 %g %g] /Contents 4 0 R>>" % (width, height),
        stream(content),
    )


def _field(number: int) -> bytes:
    """A catalogue whose form has one field, the object of this number."""
    return b"<</Type /Catalog /Pages 2 0 R /AcroForm <</Fields [%d 0 R]>>>>" % number


def pdf_of_fields_in_a_circle() -> bytes:
    """Some 400 bytes: a form whose field is its own child."""
    return pdf(_field(3), b"<</Type /Pages /Kids [] /Count 0>>", b"<</T (a) /FT /Sig /Kids [3 0 R]>>")


def pdf_of_pages_in_a_circle() -> bytes:
    return pdf(b"<</Type /Catalog /Pages 2 0 R>>", b"<</Type /Pages /Parent 2 0 R /Kids [2 0 R 2 0 R] /Count 9>>")


def pdf_of_doubling_fields() -> bytes:
    """Each field has the next one twice: 40 of them are 2 to the power of 40."""
    fields = [b"<</T (f) /FT /Sig /Kids [%d 0 R %d 0 R]>>" % (number + 1, number + 1) for number in range(3, 43)]
    return pdf(_field(3), b"<</Type /Pages /Kids [] /Count 0>>", *fields, b"<</T (last) /FT /Sig>>")


def pdf_of_deep_brackets(depth: int = 4_000) -> bytes:
    return pdf(b"<</Type /Catalog /Pages 2 0 R /X " + b"[" * depth + b"]" * depth + b">>", b"<</Type /Pages /Kids []>>")


def pdf_of_objects_that_expand(size: int = 8 << 20) -> bytes:
    """8 kB that are an object stream of so many bytes, and a field in it."""
    header = b"5 0 "
    packed = stream(header + b"<</T (a) /FT /Sig /V [" + b"0 " * (size // 2) + b"]>>", b"/Type /ObjStm /N 1 /First 4")
    body = b"%PDF-1.7\n"
    objects, offsets = [_field(5), b"<</Type /Pages /Kids [] /Count 0>>", packed], []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(body)
    rows = b"".join(b"\x01" + struct.pack(">I", offset) + b"\0" for offset in offsets)
    table = b"\0" * 6 + rows + b"\x01" + struct.pack(">I", start) + b"\0" + b"\x02" + struct.pack(">I", 3) + b"\0"
    body += b"4 0 obj\n" + stream(table, b"/Type /XRef /Size 6 /W [1 4 1] /Root 1 0 R") + b"\nendobj\n"
    return body + b"startxref\n%d\n%%%%EOF\n" % start


def pdf_of_many_revisions(count: int = 400) -> bytes:
    """Update after update, each of a signature field that must be compared with all others."""
    body = pdf(_field(3), b"<</Type /Pages /Kids [] /Count 0>>", b"<</T (a) /FT /Sig>>")
    for _ in range(count):
        before = body.rindex(b"xref\n0") if body.count(b"startxref") == 1 else body.rindex(b"\nxref\n") + 1
        start = len(body) + len(b"3 0 obj\n<</T (a) /FT /Sig>>\nendobj\n")
        body += b"3 0 obj\n<</T (a) /FT /Sig>>\nendobj\nxref\n3 1\n%010d 00000 n \n" % len(body)
        body += b"trailer <</Size 4 /Root 1 0 R /Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (before, start)
    return body


def pdf_whose_table_says_millions() -> bytes:
    """A cross-reference table that announces more objects than there are bytes in the world."""
    return pdf(b"<</Type /Catalog /Pages 2 0 R>>", b"<</Type /Pages /Kids [] /Count 0>>").replace(
        b"xref\n0 3", b"xref\n0 99999999999"
    )


def codes(size: int = 300_000) -> bytes:
    """A PDF that shows nothing but what is shaped like codes of certificates, each another."""
    text, number = io.BytesIO(b"%PDF-1.7\n"), 0
    text.seek(0, io.SEEK_END)
    while text.tell() < size:
        number += 1
        text.write(b"0000-0000-0000-0000-0000-%04d-%04d\n" % (number % 10_000, number // 10_000))
    return text.getvalue()


def badge_without_end(size: int = 2 << 20) -> bytes:
    start = b"<openbadges:credential "
    return start * (size // len(start))


def workbook(cells: dict[str, str], rows: str = "") -> bytes:
    """An XLSX file with these cells (`{"A1": "Name"}`), each in a row of its own."""
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    for place, text in cells.items():
        row = place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        rows += f'<row r="{row}"><c r="{place}" t="inlineStr"><is><t>{text}</t></is></c></row>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r" Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets><sheet name="a" sheetId="1" r:id="s"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="s" Type="{relations}/worksheet" Target="worksheets/s.xml"/></Relationships>',
        )
        archive.writestr("xl/worksheets/s.xml", f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>')
    return out.getvalue()


def png(width: int, height: int) -> bytes:
    """A picture of one colour: a few kilobytes, whatever its size."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 - -width // 8)) for _ in range(height)) + packer.flush()
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)),
        (b"IDAT", rows),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def markdown() -> Iterator[tuple[str, str]]:
    """Bodies of pages, each under 2 MB."""
    row = "| a " * 20 + "|\n"
    yield "a table", row + "|---" * 20 + "|\n" + row * (1_900_000 // len(row))
    yield "quotes in quotes", ">" * 100_000 + " a\n"
    yield "lists in lists", "\n".join("  " * depth + "- a" for depth in range(1_200))
    yield "brackets", "[" * 200_000
    yield "pictures in pictures", "![" * 60_000 + "](a)" * 60_000
    yield "emphasis", "*a **b " * 200_000
    yield "back ticks", " ".join("`" * count for count in range(1, 1_800))
    yield "footnotes", "".join(f"[^{number}]: [^{number}]\n" for number in range(60_000))
    yield "containers", "::: note\n" * 100_000
    yield "entities", "&amp" * 400_000


def fields() -> Iterator[tuple[str, str]]:
    """Heads of files."""
    yield "deep lists", "title: " + "[" * 100_000
    yield "deep maps", "\n".join(" " * depth + f"a{depth}:" for depth in range(1_200))
    yield "many keys", "".join(f"k{number}: 1\n" for number in range(150_000))
    yield "merges", "a: &a {b: 1}\n<<: [" + "*a, " * 100_000 + "*a]\n"
    yield "a long number", "title: " + "9" * 1_900_000


def package(texts: dict[str, bytes], *, kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
    return out.getvalue()


def package_of_many(count: int = 60_000) -> bytes:
    """A zip with so many empty files."""
    return package({f"{number:06}": b"" for number in range(count)})


def package_of_deep_folders(count: int = 8, depth: int = 32_000) -> bytes:
    """A zip with names of thousands of folders: each with all that are above it, written out, would be a gigabyte."""
    return package({f"{number}/" + "a/" * (depth - 2): b"" for number in range(count)})


def package_that_unpacks(count: int = 300) -> bytes:
    """Files of a megabyte of nothing: each too small to be looked at, all of them together not."""
    return package({f"{number:06}.bin": bytes(1 << 20) for number in range(count)})
