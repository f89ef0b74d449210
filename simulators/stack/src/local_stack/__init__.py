"""The whole product on one machine: real Redis, the simulators and the services, each a process of its own."""

from local_stack.parts import WORKFLOWS, ComfyUISimulator, Service, TelegramSimulator, bot, worker
from local_stack.processes.environment import bare_environment
from local_stack.processes.errors import PartDiedError, PartError
from local_stack.processes.part import Part, python_module
from local_stack.processes.ports import HOST, free_port
from local_stack.processes.ready import answers, at_once, by_http, by_line
from local_stack.processes.stack import running
from local_stack.redis_server import RedisServer, redis_program
from local_stack.run.settings import SIMULATED_TOKEN

__all__ = [
    "HOST",
    "SIMULATED_TOKEN",
    "WORKFLOWS",
    "ComfyUISimulator",
    "Part",
    "PartDiedError",
    "PartError",
    "RedisServer",
    "Service",
    "TelegramSimulator",
    "answers",
    "at_once",
    "bare_environment",
    "bot",
    "by_http",
    "by_line",
    "free_port",
    "python_module",
    "redis_program",
    "running",
    "worker",
]
