"""A Study's findings as documents: table, JSON, PyTorch source, Python session."""
