"""`python -m postroom_notifier` runs the service."""

from postroom_notifier.app import main

main()
