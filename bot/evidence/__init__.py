"""What leaves the database so that others can check it: keys, signatures, files."""
