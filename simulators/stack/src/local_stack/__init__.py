"""The whole product on one machine: real Redis, the simulators and the services, each a process of its own."""

from local_stack.parts import WORKFLOWS, ComfyUISimulator, Service, TelegramSimulator, bot, worker
from local_stack.processes.environment import bare_environment, inherited_environment
from local_stack.processes.errors import (
    NoFreePortError,
    NoRedisError,
    PartDiedError,
    PartError,
    PartNotReadyError,
    PortBusyError,
    StackError,
)
from local_stack.processes.part import Part, python_module
from local_stack.processes.ports import HOST, free_port, require_free
from local_stack.processes.ready import answers, at_once, by_http, by_line, by_redis_ping
from local_stack.processes.stack import first_death, running
from local_stack.redis_server import RedisServer, redis_program
from local_stack.run.settings import SIMULATED_TOKEN

__all__ = [
    "HOST",
    "SIMULATED_TOKEN",
    "WORKFLOWS",
    "ComfyUISimulator",
    "NoFreePortError",
    "NoRedisError",
    "Part",
    "PartDiedError",
    "PartError",
    "PartNotReadyError",
    "PortBusyError",
    "RedisServer",
    "Service",
    "StackError",
    "TelegramSimulator",
    "answers",
    "at_once",
    "bare_environment",
    "bot",
    "by_http",
    "by_line",
    "by_redis_ping",
    "first_death",
    "free_port",
    "inherited_environment",
    "python_module",
    "redis_program",
    "require_free",
    "running",
    "worker",
]
