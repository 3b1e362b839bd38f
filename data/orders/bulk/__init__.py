"""What bulk jobs do to orders."""
