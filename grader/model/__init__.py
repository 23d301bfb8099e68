"""The frozen types that flow through grader; standard library and pydantic only."""
