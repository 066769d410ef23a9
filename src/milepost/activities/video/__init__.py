"""Videos: a file or a URL with captions, chapters and transcript, completed by how much was really watched."""
