"""Enrolments, progress, attempts and completion: what each person does in a course.

Others may call the verbs (`enrol`, `enrol_many`, `withdraw`, `launch`, `open_activity`, `complete_activity`,
`start_attempt`, `save_answers`, `finish_attempt`), the queries, and register players for activity kinds; their templates
write addresses with the tag `activity_url`.
What must stay true: every verb records its fact in its own transaction; a learner's page costs a bounded number of
queries; an answer that the screen called saved is in the database.
"""
