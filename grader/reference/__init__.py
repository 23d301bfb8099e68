"""The reference models: known submissions that calibrate grader, run through the same pipeline as a student's."""
