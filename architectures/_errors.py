"""The exception for bad input, here because every other package may import this one."""


class BadInput(Exception):
    """Input that the user can correct. The message names the file, what is wrong and what to do."""
