"""Pictures of findings: palette, layout and SVG of the concatenation graph, figures, words."""
