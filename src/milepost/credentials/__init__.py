"""Certificates and badges: what a completion earns, and how anybody can check it.

Others call `issuing.issue`, `issuing.revoke` and `checking.check_code` / `check_file`. What must stay true: a certificate's
content never changes after it was issued, an enrolment has at most one certificate that counts, and a code can't be
guessed (128 bits).
"""
