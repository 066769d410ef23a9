"""Attestations: “on 31 December, 96 % of those concerned were certified”, sealed, with the list as an annex that can be withheld.

Others call the verbs in `attesting` and `revoking`. What must stay true: whom it concerns and who is certified is counted from the
facts of the journal up to the end of that day (`counting`), so that whoever left or was revoked later still counts as they stood; the PDF is
whole without its annex, and says by a fingerprint nobody can guess which list it is; what was attested is never changed, only revoked or replaced.
"""
