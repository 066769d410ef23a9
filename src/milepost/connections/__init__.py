"""Connection records: one sealed paper for each person and action that tells when they were at its course, and what they did there.

Others call the verbs in `drawing_up`. What must stay true: a record says what the facts before it say, and no more, so that `milepost verify`
comes to the same; its minutes are those of docs/hours.md, which certificates state, too; a later one supersedes it and takes nothing away; whoever
learnt nothing at a distance has none, and is asked for none.
"""
