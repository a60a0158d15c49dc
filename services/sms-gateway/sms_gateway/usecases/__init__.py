"""What sms-gateway can do, a function each: load, decide, save, announce."""
