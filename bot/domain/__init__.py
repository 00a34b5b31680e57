"""What lives here: pure rules about calls, changes, people and the log; no I/O."""
