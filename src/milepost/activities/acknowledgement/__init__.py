"""Acknowledgements: “I have read and understood”, with the exact text that was confirmed kept in the journal."""
