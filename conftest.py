"""What holds for tests and for notebooks under nbval alike."""

import os
import tempfile

# Seconds instead of minutes; and never a learner's own results, which lie in runs/.
os.environ.setdefault("DCGAN_COURSE_RUN", "smoke")
os.environ["DCGAN_COURSE_RUNS"] = tempfile.mkdtemp(prefix="dcgan-course-runs-")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")
