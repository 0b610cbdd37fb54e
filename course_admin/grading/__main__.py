"""Run `python -m course_admin.grading`."""

import sys

# jsonschema would compile a grammar of addresses at its import (0.8 s), which no notebook needs
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

from course_admin.grading.cli import main  # noqa: E402

sys.exit(main())
