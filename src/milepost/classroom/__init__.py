"""The classroom: live sessions in slots, who takes part, and the signed record of who was there.

Others call the verbs: `scheduling` (sessions, their slots and trainers), `registering` (seats), `signing` (a participant's
signature), `correcting` (absent, late, there after all) and `closing` (the trainer's signature under a half-day); they read
`models` and `queries`. From a closed session follow its sheet (`sheets`) and the step of a course (`completing`).

What must stay true: a person signs a slot once; what was signed is never overwritten, only corrected by an entry that
says who and why; a closed slot changes by correction alone; whoever was there completes the step without waiting for a
file; each invitation and reminder is said once.
"""
