"""Sends what Postroom has to say to customers: acknowledgements, agents' replies, surveys."""
