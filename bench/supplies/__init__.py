"""Made-up things in any number, always the same, for measuring with."""
