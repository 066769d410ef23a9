"""Documents: typesetting to PDF/A, sealing them with the organisation's key, and reading the seals of a PDF.

Others call `typesetting.render`, `sealing.seal_pdf` and `inspecting.inspect_pdf`. What must stay true: a PDF that left
here is sealed (PAdES), and any change to one of its bytes afterwards is found.
"""
