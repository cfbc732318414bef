"""`python -m postroom_portal`."""

from postroom_portal.app import main

main()
