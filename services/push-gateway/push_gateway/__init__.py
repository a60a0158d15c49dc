"""Wici's push service: applications, devices, FCM, APNs and Web Push."""
