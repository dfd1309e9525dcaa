"""Stages, promotions, steps and the engine. Never imports kargoweb."""
