"""What others can check: exports, proofs, checkpoints, and what tampering with them comes to."""
