"""First steps on a fresh machine: check it, install the course, open it, test it.

Run by the Makefile as `python3 -m bootstrap COMMAND` in the folder of the course, before anything
is installed: standard library only, and readable by Python 3.6, so that an old Python gets a
sentence and not a syntax error. It is not installed itself.
"""
