"""Planning: what a promotion will run, and what its expressions may see.

Others use `plan.plan_promotion`, `scope.Scope` with `is_wanted` and `evaluate_config`, the facts in `facts.py`,
`artifacts.RequestedOrigin` and `artifacts.Collection`, and implement `lookups.Lookups`.
"""
