"""Documents: typesetting to PDF/A, sealing, and electronic signature.

Others call `typesetting.render`, `sealing.seal_pdf`, and the verbs in `composing` and `requesting`. What must stay true: a PDF that left here is sealed (PAdES), any change to one of its bytes afterwards is
found, and each signature leaves the ones before it as they were.
"""
