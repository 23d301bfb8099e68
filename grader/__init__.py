"""grader: an autograder for deep-learning courses. It grades the graph, not the source."""

__version__ = "0.1.0"
