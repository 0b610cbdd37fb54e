"""Run `python -m course_utils.grading`."""

import sys

from course_utils.grading.cli import main

sys.exit(main())
