"""The numbers of a course: who launched, who completed and where people stop, scores, satisfaction.

Others call `measuring.measure` and `reports.progress.people_rows`, and add reports (see `reports`). What must stay true:
what a page says equals a recount from the journal (a property test holds it to that), and a page costs a bounded number
of queries whatever the size.
"""
