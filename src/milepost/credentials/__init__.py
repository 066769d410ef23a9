"""Certificates and badges: what a completion earns, and how anybody can check it.

Others call `issuing.issue_missing` and `reissue`, `revoking.revoke`, and `checking.check_code` or `check_file`. `issuing` holds the row,
`typesetting` its sealed PDF, `badges` the Open Badge of the same certificate, which `securing` signs; `issuers` and `status_lists`
are what the programs of others look up. What must stay true: a certificate's content never changes after it was issued, an
enrolment has at most one certificate that counts, a code can't be guessed (128 bits), and a bit that says “revoked” stays set.
"""
