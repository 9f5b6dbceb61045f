"""The parts of the Memory page, from its head down."""
