"""The agents' site: for now a page that lists tickets, read only."""
