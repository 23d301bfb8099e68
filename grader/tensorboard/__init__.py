"""Event files for TensorBoard, written while a training runs. Needs the extra `graph-grader[tensorboard]`."""
