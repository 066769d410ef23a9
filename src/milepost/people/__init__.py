"""Organisations, their members, roles, the HR file, and signing in.

Others may call the verbs (`create_organisation`, `plan_import`, `import_people`, `grant`, `revoke`, `invite`), the
queries, and `access`, which gives every request under `/<organisation>/` its organisation and member.
What must stay true: a request reaches no other organisation than the one in its URL; people are deactivated,
never deleted; a chain of managers has no cycle; an organisation keeps at least one owner.
"""
