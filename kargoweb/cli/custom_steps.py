"""Which steps of other packages the commands without Django may load: the site's own setting."""

from kargoweb.env import env_list


def allow_custom_steps() -> None:
    """As `kargoweb.settings` and the start of the site do it."""
    from promotions.steps.custom import SETTING, allow_steps

    allow_steps(env_list(SETTING))
