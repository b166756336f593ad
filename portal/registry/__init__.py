"""Institutions, their service locations, and the public register that shows them."""
