"""Declarations: what the state and funders are told of training once a year, and what of an invoice is not proven.

A declaration is a folder (`bpf`, `prevention`, `edof`) with `rules.yaml` (which text asks for it, when that was read, whose
layout its file has) and `declaration.py` (a `Declaration`). Others call `describing` (what an action must say of itself and of
its people for it), `drawing_up` (made in the background and looked at before it leaves) and `proving` (hours that are proven and
euros that are not). What must stay true: hours are those of docs/hours.md, by `learning.hours` and `classroom.queries` and by
nothing here; a figure equals a recount from the journal; a row that is incomplete is named with whom and what it lacks, never left out in silence.
"""
