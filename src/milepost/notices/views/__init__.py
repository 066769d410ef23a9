"""Pages of notices, by who looks: the person who is told, the office that tells, anybody who follows a link."""
