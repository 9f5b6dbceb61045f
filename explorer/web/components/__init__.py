"""Streamlit components (v2): Python beside its HTML, CSS and JavaScript."""
