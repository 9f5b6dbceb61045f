"""The Lesson page: a chapter as it stands, the rail of chapters, and what a lecturer makes of it."""
