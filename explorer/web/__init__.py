"""The web page: sidebar, page frame, HTTP routes and their guard. Never imports torch.

Streamlit puts this folder on ``sys.path`` while the frame runs, so no module here may bear the name
of one of the standard library: a worker that starts at that moment would import ours instead.
"""
