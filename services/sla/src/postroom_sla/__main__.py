"""`python -m postroom_sla`."""

from postroom_sla.app import main

main()
