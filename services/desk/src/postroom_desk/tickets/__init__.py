"""The ticket: what can happen to it, decided without I/O."""
