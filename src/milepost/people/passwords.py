"""How passwords are kept."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2id(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes and one lane: the first choice of OWASP's Password Storage Cheat Sheet.

    Django's own parameters take eight lanes and 100 MB, which eight people who sign in at once would feel.
    """

    memory_cost = 19_456  # KiB
    time_cost = 2
    parallelism = 1
