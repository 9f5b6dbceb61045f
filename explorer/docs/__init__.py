"""Markdown documents with generated parts: written from a Study, and checked so that they cannot go stale.

<!-- explorer:begin block?growth_rate=32&layers=6 show=graph,table -->
…what stands here is written by ``python -m explorer docs update``…
<!-- explorer:end sum=… -->
"""
