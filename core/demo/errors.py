"""What can go wrong before there is a server to ask; each message is one line for the terminal."""


class DemoError(Exception):
    """The demo cannot go on. The message says what happened and how to mend it."""


class ProgramsMissing(DemoError):
    """No PostgreSQL or Valkey programs were found on this machine."""


class AlreadyRunning(DemoError):
    """Another process holds the lock of this data directory."""


class StartFailed(DemoError):
    """A server ended, or did not answer in time, while it was being started."""
