"""The lesson: chapters as data, what a person predicts, and what is said of it.

:mod:`explorer.lesson.chapter` what a chapter is; :mod:`explorer.lesson.reading` reads a lesson file and says what is
wrong with it by line; :mod:`explorer.lesson.guess` a prediction and its text in a link; :mod:`explorer.lesson.words`
puts measured numbers into a chapter's texts; :mod:`explorer.lesson.feedback` compares a prediction with them.
What is measured for a chapter is in :mod:`explorer.study.lesson`.
"""
