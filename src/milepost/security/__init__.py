"""The log of security events of each organisation: what an owner reads, and what a SIEM fetches.

What happens at the doors comes from `people.happenings`; what is a fact comes from the journal, of which a row here is only a
pointer, so that one query shows both and nothing is written twice. Others call nothing here: they tell a happening, or give
their type of fact a `watched`.

What must stay true: a row's number is the place in which everybody hears of it, and numbers never come late (whoever fetched up to
one has missed nothing before it). Nothing that anybody typed stands in a row. An attacker makes no more than `keeping.ROWS` rows an
hour in an organisation, and one in ten requests at most that is refused again and again writes at all. No answer waits for, or
fails with, the log.
"""
