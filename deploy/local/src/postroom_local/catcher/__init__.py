"""The mail catcher: takes every mail Postroom sends on one machine and shows it, delivering none.

It speaks the part of Mailpit's API v1 that our tests use, so that the real Mailpit can stand in its place.
"""
