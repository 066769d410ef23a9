"""Activity kinds, one folder each: how it is written (`kind.py`) and how it is played (`player.py`).

Adding a kind is adding a folder and naming its app in the settings.
"""
