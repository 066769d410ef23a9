"""Requirements: which audience must complete what, by when, how often; and who does."""
