"""What outlives the exchange's process: one folder, one file for each core, written turn by turn."""
