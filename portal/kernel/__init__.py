"""Pure words and rules that every slice shares; nothing here knows of the web or a database."""
