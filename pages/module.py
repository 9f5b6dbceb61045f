"""The Module page: what a person's own module concatenates. It is there where the server was started with one."""

from __future__ import annotations

from explorer.web import controls, own_module
from explorer.web.parts import module, spacing

controls.without_sidebar()
spacing.apply()
runner = own_module.runner()
if runner is not None:
    own_module.watch(module.show(runner))
