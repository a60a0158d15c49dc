"""The dispatcher, which turns audiences into batches for channels: `python -m campaigns.dispatcher`.

One thread decides, records and publishes; RPC runs on worker threads; the broker has its own. Several dispatchers may
run at once: a campaign belongs to the one that holds its lease.
"""
