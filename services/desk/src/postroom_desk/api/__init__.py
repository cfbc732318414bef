"""Version 1 of the agents' API."""
