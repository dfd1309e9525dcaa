"""The tables of promotions, one file an aggregate."""

from promotions.models.analysis_template import AnalysisTemplate
from promotions.models.attempt import Attempt
from promotions.models.hold import AutoPromotionHold
from promotions.models.message_channel import MessageChannel
from promotions.models.preview import Preview, PreviewPhase
from promotions.models.promotion import HoldEffect, LogBatch, Promotion, StepRun
from promotions.models.promotion_task import PromotionTask
from promotions.models.push_lock import PushLock
from promotions.models.stage import Health, Stage
from promotions.models.stage_freight import FreightApproval, FreightVerification, Occupancy
from promotions.models.step_request import RequestKind, RequestOutcome, StepEvent, StepRequest, StepResponse
from promotions.models.verification import Verification

__all__ = [
    "AnalysisTemplate",
    "Attempt",
    "AutoPromotionHold",
    "FreightApproval",
    "FreightVerification",
    "Health",
    "HoldEffect",
    "LogBatch",
    "MessageChannel",
    "Occupancy",
    "Preview",
    "PreviewPhase",
    "Promotion",
    "PromotionTask",
    "PushLock",
    "RequestKind",
    "RequestOutcome",
    "Stage",
    "StepEvent",
    "StepRequest",
    "StepResponse",
    "StepRun",
    "Verification",
]
