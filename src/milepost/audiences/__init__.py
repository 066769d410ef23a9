"""Audiences: saved rules over members, always current.

Others choose people by them through the filter of people (`registered.py`), ask `models.people_in`, follow the facts `audience.entered` and
`audience.left`, and register what else can be asked of somebody with `conditions`. What must stay true: whoever counts in an audience is
whoever fits its rule now and has for as long as it asks, within seconds of any fact and of midnight; each entering and leaving is one
fact; no audience stands on itself, be it through others; nobody learns by an audience what they may not see of people otherwise.
"""
