"""Whether a log is as it was recorded: in the database, in an export, in an export with proof."""
