"""The append-only record of facts: what happened, who did it, and the proof that it was not changed since.

| to find | look in |
| --- | --- |
| which facts there are, and what they may hold | `vocabulary`, and each room's `facts.py` |
| telling a fact | `recording` |
| doing something about facts | `subscriptions` |
| the order of facts, and the tree over them | `folding`, `tiles`, `merkle`, `leaves` |
| seals and the keys that sign them | `sealing`, `keys`; keys in hardware: `tokens` |
| seals as checkpoints of a transparency log | `checkpoints`, `log_keys`; their form: `notes`; asking witnesses: `cosigning` |
| time stamps of seals | `timestamping`; the authority: `timestamp_authority`; those on files: `milepost.documents.timestamps` |
| checking all of it, and what a restored copy lost | `verification`, `second_memory` |
| the proof of one fact | `proofs` |
| the proof that none was left out | `index`, `sparse`, `recount` |
| taking the words of a fact away | `erasing`; erasing a person: `milepost.evidence.erasing` |

Others declare the types of their facts, call `record` and `record_many` inside the transaction of the change that the
fact speaks of, read with `timeline`, and follow with `subscribe`. What must stay true: an entry is never updated or
deleted (the database refuses it; only its words can be erased for good, which leaves its leaf), its leaf is hashed as it
is written, it holds no foreign key, so that it outlives what it speaks of, and nobody who records waits for a seal.
"""
