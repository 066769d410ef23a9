"""The pages of learning, by who looks: the learner, and the L&D lead."""
