"""Secure connection certificates: one for each service location, from key to revocation."""
