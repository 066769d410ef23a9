"""How the pieces are put together: settings, URLs, and the server's entry point. Nothing imports this room."""
