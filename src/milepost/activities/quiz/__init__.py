"""Quizzes: questions written as Markdown, answers saved as they are given, graded on the server only."""
