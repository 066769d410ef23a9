"""Evidence: training actions, what a profile wants to see of them, how ready they are, and their dossiers.

Others call the verbs in `actions`, `readiness.readiness_of` and `dossiers.build`. What must stay true: a dossier holds
what was recorded, all of it, and whoever has it can check that without us.
"""
