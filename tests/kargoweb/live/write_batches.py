"""A process that writes the log of a promotion as a worker does: `write_batches.py PROMOTION LINES [--end]`."""

import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from promotions.models import Promotion  # noqa: E402
from tests.kargoweb.live.log_rows import end_promotion, write_batch  # noqa: E402

if __name__ == "__main__":
    promotion = Promotion.objects.get(pk=int(sys.argv[1]))
    total = int(sys.argv[2])
    written, size = 0, 1
    while written < total:
        lines = [["out", f"line {written + n + 1}"] for n in range(min(size, total - written))]
        write_batch(promotion, lines, step_index=0 if written < total / 2 else 1)
        written += len(lines)
        size = size % 64 + 7
        time.sleep(0.005)  # the pace of a busy step, not a wait
    if "--end" in sys.argv:
        end_promotion(promotion)
