"""What a person sees: one folder a subject. How a screen is made: docs/screens-howto.md."""
