"""What every channel does alike. A channel adds its content, its outlets (the wire), its ledger's columns, its rules.

The way of a message through a channel's outbound process:

    lane → `loop` (batches, routed to outlets in chunks) → `claims` (on disk before anything leaves)
         → the channel's outlet (composes, hands over) → `settlement` (ledger, retry schedule, events)
         → `lane_outbox` → reporting and campaigns

Claims and settlements of many chunks share a transaction, on the thread of `ledger_thread`. What is due now and then
(leases, the retry schedule, the work of instances that died) is `upkeep`'s.
"""
