"""The parts of a page: each turns findings into one piece of the page, in constant order."""
