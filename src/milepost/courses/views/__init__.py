"""The pages of courses, by who looks: the author, and the learner (who gets the media)."""
