"""What pages of courses and of what is learnt in them need."""
