"""A room that was made for the tests: trainers visit people at work after a training action, and report.

It is known by this folder and by one line of `tests/settings.py`, and has to appear wherever a room appears.
"""
