"""`python -m postroom_analytics`."""

from postroom_analytics.app import main

main()
