"""Participation labels: printed for service locations, checked by anyone with a telephone."""
