"""Milepost: corporate open online courses, and the proof that they took place."""

__version__ = "0.1.0"
