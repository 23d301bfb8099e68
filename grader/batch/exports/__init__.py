"""Grades in the forms that course systems import. Pure: what is written where is the command line's business."""
