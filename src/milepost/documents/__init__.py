"""Documents: typesetting to PDF/A, sealing, electronic signature, and the time stamps of an authority.

Others call `typesetting.render`, `sealing.seal_pdf`, `composing.compose`, and what asks for signatures: `requesting`,
`bulk`, `reminding`. What signatories do is in `signing`, `identifying` and `declining`, how a request is over in `ending`,
and what an authority says of the time in `timestamps`. What must stay true: a PDF that left here is sealed (PAdES), any
change to one of its bytes afterwards shows, and each signature leaves the ones before it as they were.
"""
