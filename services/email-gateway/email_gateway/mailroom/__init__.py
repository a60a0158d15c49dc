"""The process that takes mail in, on port 25 of the outside: bounces, complaints, unsubscriptions; nothing else."""
