"""What is said to whom: one outbox for everything that Milepost ever says to a person.

A room that has something to say registers a kind (`notices/kinds.py`) in its `registered.py`, and says it with
`notices.outbox.notify`, in the transaction of the change that it speaks of:

    kinds.register("certificate", CertificateKind())                                      # registered.py
    notify("certificate", to=member, about=certificate.as_reference(), key=str(certificate.uid))  # the verb

What must stay true:

- One row per person and purpose (kind, recipient, key): saying it twice is saying it once.
- A notice names things by their identifiers; its words and files are made at the moment of sending, and one whose point
  is gone by then is not sent.
- Nothing is lost, and nothing comes twice, whatever is killed when. The one thing that can't be known is whether a
  message arrived when the process ends between the server's “250” and our commit: it is sent again under the same
  Message-ID, and its row says that it may have come twice. That window holds one message.
- A fault stays with its message: a refused address, words that can't be made, a file that is missing hold up nobody
  else's. A server that is away, drips or hangs is left alone for growing pauses, and costs no message.

`sending` does the work in the background, `channels/<name>/` are the ways to people (e-mail comes with Milepost),
`preferences` is what each person chose, `undelivered` what somebody has to look after.
"""
