"""Enquiries from anybody, signed in or not."""
