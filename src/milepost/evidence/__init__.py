"""Evidence: training actions, what a profile wants to see of them, how ready they are, and their dossiers.

And then who looks at it from outside (`auditing`), what anybody reads of the journal (`exploring`), how long it is kept
(`retention`), and people's rights over what it says of them (`export`, `erasing`). Others call the verbs in `actions`,
`readiness.readiness_of` and `dossiers.build`. What must stay true: a dossier holds what was recorded, all of it
(`contributions` says what that means, once for all of these), and whoever has it can check that without us; and what is
let go or erased leaves every other proof as it was.
"""
