"""What runs beside a submission, in its process: it imports nothing else of the course.

In a sandbox this folder is all that a submission finds of it.
"""
