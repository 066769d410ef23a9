"""Receipts: what somebody learnt, as one file that is theirs and that anybody can check offline; and reading those of others.

A person takes theirs any day (`making`), and is sent a link to it when they leave (`leaving`). What they bring from another
organisation is read in a child process (`reading`), shown, and may be recognised as equivalent to a course here (`bringing`,
`learning.equivalences`). What must stay true: a receipt names nobody else's deeds, tells all that the person did in what it
tells of, and proves that; and nothing that is brought counts before somebody says so, with their name and a reason.
"""
