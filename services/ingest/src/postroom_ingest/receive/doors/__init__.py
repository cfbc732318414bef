"""The HTTP doors: addresses where programs and delivery services hand contacts in."""
