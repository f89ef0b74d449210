"""Names of all settings of the product: a `.env` file may serve several of its parts, and each part reads all of it."""

from __future__ import annotations

NAMES = frozenset(
    {
        # Made by charts/derived.py.
        "ADMINS",
        "ALLOWED_USERS",
        "BOT_ID",
        "BOT_LOG_LEVEL",
        "BOT_MODE",
        "BOT_TOKEN",
        "COMFYUI_INPUT_DIR",
        "COMFYUI_OUTPUT_DIR",
        "COMFYUI_POLL_INTERVAL",
        "COMFYUI_TIMEOUT",
        "COMFYUI_URL",
        "DATA",
        "DEFAULT_LANGUAGE",
        "GPU_BUDGET_MODE",
        "GPU_HOURLY_BUDGET",
        "GPU_HOURLY_PRICE",
        "JOBS_PER_DAY",
        "LARGER_MEGAPIXELS",
        "MAX_QUEUE_LENGTH",
        "MAX_RETRIES",
        "MAX_UNFINISHED_JOBS_PER_USER",
        "MAX_WAIT",
        "MEGAPIXELS",
        "MODERATION_ON_ERROR",
        "MODERATION_TIMEOUT",
        "MODERATION_TOKEN",
        "MODERATION_URL",
        "NODE_NAME",
        "PAY_SUPPORT",
        "PICTURES_URL",
        "PICTURE_TTL",
        "POD_NAME",
        "PORT",
        "PRESETS_FILE",
        "PROBE_HOST",
        "PROBE_PORT",
        "REDIS_JOB_QUEUE_KEY",
        "REDIS_PASSWORD",
        "REDIS_SENTINELS",
        "REDIS_SENTINEL_MASTER",
        "REDIS_SENTINEL_PASSWORD",
        "REDIS_SENTINEL_USERNAME",
        "REDIS_URL",
        "REDIS_USERNAME",
        "RETRY_DELAYS",
        "STAR_PACKS",
        "TELEGRAM_API_URL",
        "WEBHOOK_HOST",
        "WEBHOOK_PORT",
        "WEBHOOK_SECRET",
        "WEBHOOK_STOP_DELAY",
        "WEBHOOK_URL",
        "WORKER_GPU_LOCK_TIMEOUT",
        "WORKER_ID",
        "WORKER_LEASE",
        "WORKER_LOG_LEVEL",
        "WORKER_POLLING_INTERVAL",
        "WORKER_WARM_UP",
        "WORKFLOW",
        "WORKFLOWS_DIR",
        # End of what is made.
    }
)
"""Of bot and worker, and of `make run`. `make chart` writes them."""

LIBRARIES = ("OTEL_", "AWS_", "AZURE_", "GOOGLE_", "SSL_CERT_")
"""Prefixes of variables that libraries read: traces, stores of pictures, certificates."""

FORMER_NAMES = {
    "ADMIN_IDS": "ADMINS",
    "COMFY_INPUT_DIR": "COMFYUI_INPUT_DIR",
    "COMFY_OUTPUT_DIR": "COMFYUI_OUTPUT_DIR",
    "QWEN_EDIT_SCALE_MEGAPIXELS": "MEGAPIXELS",
    "REDIS_DB": "REDIS_URL",
    "REDIS_HOST": "REDIS_URL",
    "REDIS_PORT": "REDIS_URL",
    "REDIS_RESULT_TTL": "PICTURE_TTL",
    "TELEGRAM_WEBHOOK_URL": "WEBHOOK_URL",
    "WORKER_POLL_INTERVAL": "WORKER_POLLING_INTERVAL",
}
"""Settings of qweneditbot, the system before, that have another name now."""
