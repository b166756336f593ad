"""Examines what strangers send: a child process reads each file, clamd looks for viruses."""
