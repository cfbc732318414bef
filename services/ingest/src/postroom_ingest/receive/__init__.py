"""The doors: how mail gets in, and becomes durable before anybody is told OK."""
