"""What every room stands on: it knows no noun of the field and no other room, so it can be imported from anywhere.

Others may call any public name in here: clocks, canonical JSON, registries, refusals, jobs, files under their digest,
personal links, tables, other servers with bounds, public holidays. What must stay true: a file is whole or not there, a
job that was written is done at least once, and a conversation with somebody else’s server has an end.
"""
