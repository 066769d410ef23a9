"""The classroom: live sessions in slots, who takes part, and the signed record of who was there.

Others call the verbs in `scheduling`, `registering` and `signing`, and read attendance. What must stay true: a person
signs a slot once; what was signed is never overwritten, only corrected by an entry that says who and why; a closed
slot changes by correction alone.
"""
