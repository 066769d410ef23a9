"""One file that holds all of a Milepost, putting it back, and moving it to PostgreSQL.

| to find | look in |
| --- | --- |
| writing the file while people work | `making` |
| checking it, and putting it back on either database | `reading`, `restoring` |
| SQLite to PostgreSQL without a file between | `moving` |
| rows of any table as JSON lines, and back | `tables`; into a database, all or none: `loading` |
| the file: a plain tar, encrypted in the age format if asked | `archive`, `age` |

What must stay true: what is read is treated as if a stranger had written it, nothing is changed before all of it was
checked, and the database has all rows or those it had before. See decision 26.
"""
