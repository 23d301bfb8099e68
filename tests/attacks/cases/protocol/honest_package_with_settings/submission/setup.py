from setuptools import setup

setup(name="digits", packages=["digits"])
