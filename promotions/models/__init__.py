"""The tables of promotions, one file an aggregate."""

from promotions.models.analysis_template import AnalysisTemplate
from promotions.models.promotion import LogBatch, Promotion, StepRun
from promotions.models.promotion_task import PromotionTask
from promotions.models.push_lock import PushLock
from promotions.models.stage import Health, Stage
from promotions.models.stage_freight import FreightApproval, FreightVerification, Occupancy
from promotions.models.verification import Verification

__all__ = [
    "AnalysisTemplate",
    "FreightApproval",
    "FreightVerification",
    "Health",
    "LogBatch",
    "Occupancy",
    "Promotion",
    "PromotionTask",
    "PushLock",
    "Stage",
    "StepRun",
    "Verification",
]
