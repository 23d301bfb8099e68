"""The overview as plain values: what every part of it says, made fit for eyes; the template escapes for HTML."""
