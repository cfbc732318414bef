"""What every service of Postroom stands on: settings, broker, batches, outbox, telemetry, health."""
