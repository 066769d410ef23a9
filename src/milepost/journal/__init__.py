"""The append-only record of facts.

Others declare the types of their facts (see `vocabulary`), call `record` and `record_many` inside the transaction of the
state change that the fact speaks of, and read with `timeline`. What must stay true: an entry is never updated or deleted (the database refuses it; only its
words can be erased for good, by `erasing`, which leaves its leaf), its leaf hash is computed as it is written, and it
holds no foreign key, so it outlives what it speaks of.
Seals and proofs fold the leaves into a tree (see `milepost.journal.leaves`).
"""
