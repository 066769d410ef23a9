"""Fields for signatures that show something, as anybody's PDF program makes them."""

from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

ACROSS = (0, 0, 850, 850)


def paint_a_field(writer: IncrementalPdfFileWriter, name: str, paint: bytes) -> None:
    """Add a field of this name, which shows across the first page what `paint` draws (ISO 32000-2, 12.5.5)."""
    append_signature_field(writer, SigFieldSpec(name, box=ACROSS))
    reference: Any = list.__getitem__(writer.root["/AcroForm"]["/Fields"], -1)
    words = {"/Type": "/XObject", "/Subtype": "/Form"}
    entries: dict[Any, Any] = {generic.pdf_name(key): generic.pdf_name(value) for key, value in words.items()}
    entries[generic.pdf_name("/BBox")] = generic.ArrayObject(map(generic.NumberObject, ACROSS))
    drawn = writer.add_object(generic.StreamObject(entries, stream_data=paint))
    reference.get_object()["/AP"] = generic.DictionaryObject({generic.pdf_name("/N"): drawn})
    writer.mark_update(reference)
